"""The playlists of one rendition and of its captions, read back as a player would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from portal.assets.models import Rendition, RenditionKind
from portal.delivery.media_playlists import captions_playlist, keyframe_playlist, media_playlist
from portal.delivery.offers import Offer
from tests.hls_lint import Fault
from tests.hls_lint.media import MediaPlaylist, read_media
from tests.hls_lint.rules_media import check_media
from tests.rendered_hls import LARGE, PREVIEW, SMALL, SOUND, rendition

ADDRESS = "/media/a/hls/x.m3u8"
DURATIONS = st.lists(
    st.floats(min_value=0.001, max_value=120, allow_nan=False), min_size=1, max_size=40
)
MINSK = timezone(timedelta(hours=3))


def read(text: str) -> MediaPlaylist:
    faults: list[Fault] = []
    found = read_media(ADDRESS, text, faults)
    assert [*faults, *check_media(found)] == []
    return found


def media(part: Rendition, *, target: int = 4, is_growing: bool = False) -> MediaPlaylist:
    return read(media_playlist(part, target=target, is_growing=is_growing, starts_at=None))


def addresses(playlist: MediaPlaylist) -> list[str]:
    return [part.address.removeprefix("/media/a/hls/") for part in playlist.parts]


def test_a_complete_playlist_ends() -> None:
    playlist = media(rendition("720p", RenditionKind.VIDEO, attempt=3))
    assert (playlist.kind, playlist.is_ended) == ("VOD", True)
    assert playlist.map_address == "/media/a/hls/transcode/3/720p/init.mp4"
    assert [part.seconds for part in playlist.parts] == [4.0, 4.0, 1.5]
    assert addresses(playlist) == [f"transcode/3/720p/0000{n}.m4s" for n in (1, 2, 3)]


def test_a_growing_playlist_has_no_end() -> None:
    playlist = media(PREVIEW, is_growing=True)
    assert (playlist.kind, playlist.is_ended) == ("EVENT", False)


def test_a_playlist_that_has_grown_only_gets_its_end() -> None:
    texts = [
        media_playlist(PREVIEW, target=4, is_growing=is_growing, starts_at=None)
        for is_growing in (True, False)
    ]
    assert texts[1] == texts[0] + "#EXT-X-ENDLIST\n"


def test_key_frames_are_the_beginnings_of_segments() -> None:
    playlist = read(keyframe_playlist(LARGE, starts_at=None))
    assert playlist.is_iframes
    assert [(part.start, part.length) for part in playlist.parts] == [
        (0, 30_000),
        (0, 20_000),
        (0, 10_000),
    ]
    assert [part.seconds for part in playlist.parts] == [4.0, 4.0, 1.5]
    assert addresses(playlist) == addresses(media(LARGE))


def test_all_playlists_tell_when_the_recording_began() -> None:
    began = datetime(2019, 6, 4, 13, 0, 0, 250_000, tzinfo=MINSK)
    for text in (
        media_playlist(SMALL, target=4, is_growing=False, starts_at=began),
        keyframe_playlist(SMALL, starts_at=began),
        captions_playlist("ru", seconds=75, starts_at=began),
    ):
        assert "#EXT-X-PROGRAM-DATE-TIME:2019-06-04T13:00:00.250+03:00\n" in text
        assert read(text).starts_at == began.astimezone(UTC)


def test_captions_last_as_long_as_the_recording() -> None:
    playlist = read(captions_playlist("zh-Hant", seconds=75.5, starts_at=None))
    assert [part.seconds for part in playlist.parts] == [30.0, 30.0, 15.5]
    assert addresses(playlist) == [f"zh-Hant/0000{n}.vtt" for n in (1, 2, 3)]
    assert playlist.target == 30


def test_picture_and_sound_promise_the_same() -> None:
    longer = rendition("sound-1", RenditionKind.AUDIO, seconds=[4.6, 4.4])
    assert Offer((SMALL,), (SOUND,)).target_seconds == 4
    assert Offer((SMALL,), (longer,)).target_seconds == 5


@given(DURATIONS)
def test_every_segment_is_listed_and_none_is_longer_than_promised(durations: list[float]) -> None:
    part = rendition("360p", RenditionKind.VIDEO, seconds=durations)
    target = Offer((part,)).target_seconds
    found = read(media_playlist(part, target=target, is_growing=False, starts_at=None))
    assert addresses(found) == [
        f"transcode/1/360p/{number:05d}.m4s" for number in range(1, len(durations) + 1)
    ]
    for told, real in zip(found.parts, durations, strict=True):
        assert abs(told.seconds - real) <= 1e-6
    assert target <= max(durations) + 1


@given(st.floats(min_value=0.001, max_value=100_000))
def test_captions_cover_any_length(seconds: float) -> None:
    playlist = read(captions_playlist("ru", seconds=seconds, starts_at=None))
    assert abs(playlist.seconds - seconds) <= 1e-6 * len(playlist.parts)
