"""Playlists, read back as a player would."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from portal.assets.made_files import segment_names
from portal.assets.models import Rendition, RenditionKind, Step
from portal.delivery.playlists import master_playlist, media_playlist, playable

ATTRIBUTE = re.compile(r'([A-Z-]+)=("[^"]*"|[^,]*)(?:,|$)')
DURATIONS = st.lists(
    st.floats(min_value=0.001, max_value=120, allow_nan=False), min_size=1, max_size=40
)


def rendition(
    name: str,
    kind: RenditionKind,
    *,
    peak_bps: int | None = 800_000,
    average_bps: int | None = 500_000,
    width: int | None = None,
    height: int | None = None,
    codecs: str | None = None,
    language: str | None = None,
    seconds: Sequence[float] = (4.0, 4.0, 1.5),
    attempt: int = 1,
) -> Rendition:
    return Rendition(
        name=name,
        step=Step.TRANSCODE,
        attempt=attempt,
        kind=kind,
        key=f"assets/x/transcode/{attempt}/{name}/",
        media_type="application/vnd.apple.mpegurl",
        size_bytes=950_000,
        sha256="0" * 64,
        width=width,
        height=height,
        frame_rate=25.0 if width else None,
        bandwidth_bps=peak_bps,
        average_bandwidth_bps=average_bps,
        codecs=codecs,
        language=language,
        segment_files=segment_names(len(seconds)),
        segment_seconds=tuple(seconds),
    )


LARGE = rendition(
    "720p",
    RenditionKind.VIDEO,
    peak_bps=2_400_000,
    average_bps=1_600_000,
    width=1280,
    height=720,
    codecs="avc1.64001f",
)
SMALL = rendition("360p", RenditionKind.VIDEO, width=640, height=360, codecs="avc1.64001e")
SOUND = rendition(
    "audio",
    RenditionKind.AUDIO,
    peak_bps=130_000,
    average_bps=128_000,
    codecs="mp4a.40.2",
    language="rus",
)
PREVIEW = rendition(
    "preview", RenditionKind.PREVIEW, width=640, height=360, codecs="avc1.64001e,mp4a.40.2"
)
IMAGE = Rendition(
    name="poster.jpg",
    step=Step.POSTER,
    attempt=1,
    kind=RenditionKind.IMAGE,
    key="assets/x/poster/1/poster.jpg",
    media_type="image/jpeg",
    size_bytes=10,
    sha256="0" * 64,
)


def attributes(line: str) -> dict[str, str]:
    _, _, listed = line.partition(":")
    return dict(ATTRIBUTE.findall(listed))


def variants(playlist: str) -> list[tuple[dict[str, str], str]]:
    lines = playlist.splitlines()
    return [
        (attributes(line), lines[index + 1])
        for index, line in enumerate(lines)
        if line.startswith("#EXT-X-STREAM-INF:")
    ]


def media_lines(playlist: str) -> list[dict[str, str]]:
    return [attributes(line) for line in playlist.splitlines() if line.startswith("#EXT-X-MEDIA:")]


def segments(playlist: str) -> list[tuple[float, str]]:
    lines = playlist.splitlines()
    return [
        (float(line.removeprefix("#EXTINF:").rstrip(",")), lines[index + 1])
        for index, line in enumerate(lines)
        if line.startswith("#EXTINF:")
    ]


def tag_value(playlist: str, tag: str) -> str:
    return next(
        line.partition(":")[2] for line in playlist.splitlines() if line.startswith(f"#{tag}:")
    )


def test_a_ladder_with_sound() -> None:
    playlist = master_playlist(playable([LARGE, IMAGE, SOUND, SMALL]))
    assert playlist.splitlines()[:3] == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    assert media_lines(playlist) == [
        {
            "TYPE": "AUDIO",
            "GROUP-ID": '"sound"',
            "NAME": '"ru"',
            "LANGUAGE": '"ru"',
            "DEFAULT": "YES",
            "AUTOSELECT": "YES",
            "URI": '"audio.m3u8"',
        }
    ]
    assert variants(playlist) == [
        (
            {
                "BANDWIDTH": "930000",
                "AVERAGE-BANDWIDTH": "628000",
                "CODECS": '"avc1.64001e,mp4a.40.2"',
                "RESOLUTION": "640x360",
                "FRAME-RATE": "25.000",
                "AUDIO": '"sound"',
            },
            "360p.m3u8",
        ),
        (
            {
                "BANDWIDTH": "2530000",
                "AVERAGE-BANDWIDTH": "1728000",
                "CODECS": '"avc1.64001f,mp4a.40.2"',
                "RESOLUTION": "1280x720",
                "FRAME-RATE": "25.000",
                "AUDIO": '"sound"',
            },
            "720p.m3u8",
        ),
    ]


def test_a_silent_ladder_names_no_sound() -> None:
    playlist = master_playlist(playable([SMALL]))
    assert media_lines(playlist) == []
    [(found, address)] = variants(playlist)
    assert (found["BANDWIDTH"], found["CODECS"], address) == (
        "800000",
        '"avc1.64001e"',
        "360p.m3u8",
    )
    assert "AUDIO" not in found


def test_sound_alone_is_one_variant() -> None:
    playlist = master_playlist(playable([SOUND, IMAGE]))
    assert media_lines(playlist) == []
    assert variants(playlist) == [
        (
            {"BANDWIDTH": "130000", "AVERAGE-BANDWIDTH": "128000", "CODECS": '"mp4a.40.2"'},
            "audio.m3u8",
        )
    ]


def test_the_preview_serves_until_there_is_a_ladder() -> None:
    assert playable([PREVIEW, IMAGE]) == [PREVIEW]
    [(found, address)] = variants(master_playlist([PREVIEW]))
    assert (found["CODECS"], address) == ('"avc1.64001e,mp4a.40.2"', "preview.m3u8")
    assert playable([PREVIEW, LARGE, SMALL]) == [SMALL, LARGE]
    assert playable([IMAGE]) == []


def test_codecs_are_left_out_rather_than_told_by_half() -> None:
    unknown = rendition("240p", RenditionKind.VIDEO)
    [(found, _)] = variants(master_playlist(playable([unknown, SOUND])))
    assert "CODECS" not in found
    assert "RESOLUTION" not in found
    assert "FRAME-RATE" not in found


def test_rates_that_nobody_measured_are_computed() -> None:
    unmeasured = rendition("360p", RenditionKind.VIDEO, peak_bps=None, average_bps=None)
    [(found, _)] = variants(master_playlist([unmeasured]))
    assert (found["BANDWIDTH"], found["AVERAGE-BANDWIDTH"]) == ("800000", "800000")


@given(st.text())
def test_a_foreign_language_tag_cannot_write_a_playlist(language: str) -> None:
    sound = rendition("audio", RenditionKind.AUDIO, language=language)
    lines = master_playlist(playable([SMALL, sound])).splitlines()
    assert len(lines) == 6
    [found] = media_lines("\n".join(lines))
    assert found["URI"] == '"audio.m3u8"'
    assert re.fullmatch(r'"[A-Za-z0-9-]+"', found["NAME"])


def test_a_complete_playlist_ends() -> None:
    later = rendition("720p", RenditionKind.VIDEO, attempt=3)
    playlist = media_playlist(later, is_growing=False)
    assert tag_value(playlist, "EXT-X-PLAYLIST-TYPE") == "VOD"
    assert tag_value(playlist, "EXT-X-MAP") == 'URI="transcode/3/720p/init.mp4"'
    assert playlist.endswith("\n#EXT-X-ENDLIST\n")
    assert segments(playlist) == [
        (4.0, "transcode/3/720p/00001.m4s"),
        (4.0, "transcode/3/720p/00002.m4s"),
        (1.5, "transcode/3/720p/00003.m4s"),
    ]


def test_a_growing_playlist_has_no_end() -> None:
    playlist = media_playlist(PREVIEW, is_growing=True)
    assert tag_value(playlist, "EXT-X-PLAYLIST-TYPE") == "EVENT"
    assert "#EXT-X-ENDLIST" not in playlist


@given(DURATIONS)
def test_every_segment_is_listed_and_none_is_longer_than_promised(durations: list[float]) -> None:
    playlist = media_playlist(
        rendition("360p", RenditionKind.VIDEO, seconds=durations), is_growing=False
    )
    found = segments(playlist)
    assert [address for _, address in found] == [
        f"transcode/1/360p/{number:05d}.m4s" for number in range(1, len(durations) + 1)
    ]
    for (told, _), real in zip(found, durations, strict=True):
        assert abs(told - real) <= 1e-6
    target = int(tag_value(playlist, "EXT-X-TARGETDURATION"))
    # RFC 8216, 4.3.3.1: rounded to the nearest integer, half up as ffmpeg and players do.
    assert max(int(told + 0.5) for told, _ in found) <= target
    assert target <= max(durations) + 1
