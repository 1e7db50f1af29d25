"""ffprobe's JSON becomes a `Probe`; what it says beyond reason becomes None."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import ToolFailed
from workers.video.facts import facts_of
from workers.video.formats import is_text_playlist
from workers.video.probe import Chapter, Probe
from workers.video.probe_reading import read_probe
from workers.video.refusals import refusal

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PICTURE = {"index": 0, "codec_type": "video", "codec_name": "h264", "width": 640, "height": 360}
SOUND = {"index": 1, "codec_type": "audio", "codec_name": "aac", "channels": 2}


def read(*streams: dict[str, Any], **container: Any) -> Probe:
    return read_probe(
        json.dumps({"streams": streams, "format": container}).encode(), warnings="", now=NOW
    )


def test_a_usual_recording() -> None:
    found = read(
        {**PICTURE, "avg_frame_rate": "30000/1001", "r_frame_rate": "30/1", "duration": "29.9"},
        {**SOUND, "tags": {"language": "rus"}},
        duration="30.000",
        format_name="mov,mp4,m4a,3gp,3g2,mj2",
        tags={"creation_time": "2019-06-04T07:00:00.000000Z"},
    )
    assert found.duration_seconds == 30
    assert found.captured_at == datetime(2019, 6, 4, 7, tzinfo=UTC)
    assert found.video is not None
    assert (found.video.width, found.video.height) == (640, 360)
    assert found.video.frame_rate == Fraction(30000, 1001)
    assert found.video.duration_seconds == 29.9
    assert found.audio is not None
    assert (found.audio.channels, found.audio.language) == (2, "rus")


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"width": 321, "height": 241}, (320, 240)),
        ({"width": 720, "height": 576, "sample_aspect_ratio": "16:15"}, (768, 576)),
        ({"width": 720, "height": 576, "sample_aspect_ratio": "0:1"}, (720, 576)),
        ({"width": 720, "height": 576, "sample_aspect_ratio": "1000:1"}, (720, 576)),
        ({"side_data_list": [{"rotation": -90}]}, (360, 640)),
        ({"side_data_list": [{"side_data_type": "CPB"}, {"rotation": 270}]}, (360, 640)),
        ({"side_data_list": [{"rotation": 180}]}, (640, 360)),
        ({"side_data_list": [{"rotation": "nan"}]}, (640, 360)),
        (
            {"width": 720, "sample_aspect_ratio": "4:3", "side_data_list": [{"rotation": 90}]},
            (360, 960),
        ),
    ],
)
def test_the_size_is_that_of_the_upright_picture(
    fields: dict[str, Any], size: tuple[int, int]
) -> None:
    video = read({**PICTURE, **fields}).video
    assert video is not None
    assert (video.width, video.height) == size


@pytest.mark.parametrize("rate", ["0/0", "90000/0", "90000/1", "-25/1", "x", "1/" + "9" * 40, None])
def test_a_nonsense_frame_rate_is_none(rate: str | None) -> None:
    video = read({**PICTURE, "avg_frame_rate": rate, "r_frame_rate": rate}).video
    assert video is not None
    assert video.frame_rate is None


@pytest.mark.parametrize("duration", ["N/A", "-1", "0", "inf", "nan", "1e300", None])
def test_a_nonsense_duration_is_none(duration: str | None) -> None:
    assert read(PICTURE, duration=duration).duration_seconds is None


def test_a_guessed_duration_is_not_a_stated_one() -> None:
    warning = "[mp3 @ 0x1] Estimating duration from bitrate, this may be inaccurate"
    output = json.dumps({"streams": [SOUND], "format": {"duration": "104.1"}}).encode()
    guessed = read_probe(output, warnings=warning, now=NOW)
    assert (guessed.duration_seconds, guessed.stated_duration_seconds) == (104.1, None)
    stated = read_probe(output, warnings="", now=NOW)
    assert (stated.duration_seconds, stated.stated_duration_seconds) == (104.1, 104.1)


@pytest.mark.parametrize(
    ("start", "delay_seconds"),
    [("101.5", 1.5), ("100", 0), ("99", 0), ("N/A", 0), (None, 0), ("1e9", 1e9 - 100)],
)
def test_what_begins_late_is_noticed(start: str | None, delay_seconds: float) -> None:
    late = {"start_time": start}
    found = read({**PICTURE, **late}, {**SOUND, **late}, start_time="100.000")
    assert found.video is not None
    assert found.audio is not None
    assert found.video.delay_seconds == found.audio.delay_seconds == delay_seconds


def test_a_cover_picture_is_no_video() -> None:
    found = read({**PICTURE, "disposition": {"attached_pic": 1}}, SOUND)
    assert found.video is None
    assert found.audio is not None


@pytest.mark.parametrize("change", [{"width": 0}, {"codec_name": "unknown"}, {"codec_name": None}])
def test_a_picture_that_cannot_be_read_is_noticed(change: dict[str, object]) -> None:
    found = read({**PICTURE, **change}, SOUND)
    assert found.video is None
    assert found.has_unreadable_picture
    assert not read(PICTURE, SOUND).has_unreadable_picture
    cover = {"disposition": {"attached_pic": 1}}
    assert not read({**PICTURE, **change, **cover}, SOUND).has_unreadable_picture


@pytest.mark.parametrize(
    ("container", "is_stream"), [("mpegts", True), ("mpeg", True), ("avi", False)]
)
def test_the_clock_of_a_stream_is_no_promise(container: str, is_stream: bool) -> None:
    found = read(PICTURE, format_name=container, duration="50002")
    assert found.duration_seconds == 50002
    assert found.is_stream is is_stream
    assert found.stated_duration_seconds == (None if is_stream else 50002)


def test_the_default_streams_are_chosen_else_the_largest_picture_and_the_first_sound() -> None:
    small = {**PICTURE, "index": 4, "width": 320}
    assert _video_index(read(small, PICTURE)) == 0
    assert _video_index(read({**small, "disposition": {"default": 1}}, PICTURE)) == 4
    second = {**SOUND, "index": 2}
    assert _audio_index(read(SOUND, second)) == 1
    assert _audio_index(read(SOUND, {**second, "disposition": {"default": 1}})) == 2


@pytest.mark.parametrize(
    ("tags", "captured_at"),
    [
        ({"creation_time": "1904-01-01T00:00:00Z"}, None),
        ({"creation_time": "1970-01-01T00:00:00Z"}, None),
        ({"creation_time": "2031-01-01T00:00:00Z"}, None),
        ({"creation_time": "yesterday"}, None),
        ({"creation_time": "2019-06-04T07:00:00"}, datetime(2019, 6, 4, 7, tzinfo=UTC)),
        (
            {
                "creation_time": "2019-06-04T07:00:00Z",
                "com.apple.quicktime.creationdate": "2019-06-04T10:00:00+0300",
            },
            datetime(2019, 6, 4, 10, tzinfo=timezone(timedelta(hours=3))),
        ),
    ],
)
def test_the_time_of_recording_is_checked(
    tags: dict[str, str], captured_at: datetime | None
) -> None:
    found = read(PICTURE, tags=tags).captured_at
    assert found == captured_at
    assert found is None or found.utcoffset() == (captured_at or found).utcoffset()


@pytest.mark.parametrize("language", ["und", "", "<script>", "x" * 99])
def test_an_unknown_language_is_none(language: str) -> None:
    audio = read({**SOUND, "tags": {"language": language}}).audio
    assert audio is not None
    assert audio.language is None


@pytest.mark.parametrize(
    ("pixel_format", "bit_depth", "has_alpha"),
    [
        ("yuv420p", 8, False),
        ("yuv420p10le", 10, False),
        ("p010le", 10, False),
        ("yuva444p12le", 12, True),
        ("gbrp16be", 16, False),
        ("rgba64le", 16, True),
        ("gray", 8, False),
        (None, 8, False),
    ],
)
def test_depth_and_alpha_are_in_the_name_of_the_format(
    pixel_format: str | None, *, bit_depth: int, has_alpha: bool
) -> None:
    video = read({**PICTURE, "pix_fmt": pixel_format}).video
    assert video is not None
    assert (video.bit_depth, video.has_alpha) == (bit_depth, has_alpha)


@pytest.mark.parametrize(
    ("transfer", "hdr"), [("smpte2084", "PQ"), ("arib-std-b67", "HLG"), ("bt709", None), (7, None)]
)
def test_hdr_is_in_the_transfer(transfer: object, hdr: str | None) -> None:
    video = read({**PICTURE, "color_transfer": transfer, "color_range": "pc"}).video
    assert video is not None
    assert video.colour.hdr == hdr
    assert video.colour.is_full_range


def test_fields_and_unequal_rates_are_noticed() -> None:
    rates = {"avg_frame_rate": "24/1", "r_frame_rate": "25/1"}
    interlaced = read({**PICTURE, "field_order": "tt", **rates}).video
    assert interlaced is not None
    assert interlaced.is_interlaced
    assert interlaced.is_rate_variable
    rates = {"avg_frame_rate": "2997/100", "r_frame_rate": "30000/1001"}
    usual = read({**PICTURE, "field_order": "progressive", **rates}).video
    assert usual is not None
    assert not usual.is_interlaced
    assert not usual.is_rate_variable


def test_a_mirrored_picture_is_noticed() -> None:
    matrix = "\n00000000:       -65536           0           0\n00000001:            0       65536"
    matrix += "           0\n00000002:     20971520           0  1073741824\n"
    for text, is_mirrored in ((matrix, True), (matrix.replace("-", " "), False), (3, False)):
        video = read({**PICTURE, "side_data_list": [{"displaymatrix": text}]}).video
        assert video is not None
        assert video.is_mirrored is is_mirrored


def test_captions_and_chapters_are_told() -> None:
    output = {
        "streams": [
            {**PICTURE, "closed_captions": 1},
            {
                "index": 3,
                "codec_type": "subtitle",
                "codec_name": "subrip",
                "tags": {"language": "be"},
            },
            {"index": 4, "codec_type": "subtitle", "codec_name": "dvd_subtitle"},
        ],
        "chapters": [
            {"start_time": "0.0", "end_time": "2.5", "tags": {"title": "Opening\n ceremony\0"}},
            {"start_time": "nan", "end_time": "2.5"},
            {"start_time": "9", "end_time": "2.5"},
        ],
    }
    found = read_probe(json.dumps(output).encode(), warnings="", now=NOW)
    assert [(s.index, s.is_text, s.language) for s in found.caption_streams] == [
        (3, True, "be"),
        (4, False, None),
    ]
    assert found.chapters == (Chapter(0, 2.5, "Opening ceremony"),)
    assert found.video is not None
    assert found.video.has_closed_captions


def test_a_place_is_noticed_and_never_told() -> None:
    place = {"com.apple.quicktime.location.ISO6709": "+53.9+27.5/"}
    found = read(PICTURE, SOUND, tags={**place, "timecode": "01:02:03;04"})
    assert found.has_location
    assert found.timecode == "01:02:03;04"
    assert "53.9" not in json.dumps(facts_of(found))
    assert not read(PICTURE, tags={"title": "x"}).has_location


def test_a_sound_track_is_told_with_layout_and_name() -> None:
    tags = {"title": "Floor", "handler_name": "SoundHandler", "language": "en"}
    named = {**SOUND, "channels": 6, "channel_layout": "5.1(side)", "sample_rate": "48000"}
    audio = read({**named, "tags": tags}).audio
    assert audio is not None
    assert (audio.title, audio.layout, audio.sample_rate) == ("Floor", "5.1(side)", 48_000)
    for handler, title in (("SoundHandler", None), ("Core Media Audio", None), ("Пол", "Пол")):
        audio = read({**SOUND, "tags": {"handler_name": handler}}).audio
        assert audio is not None
        assert audio.title == title


def test_a_duration_in_a_tag_of_matroska_is_read() -> None:
    for written, seconds in (("00:01:30.080000000", 90.08), ("-1", None), (7, None)):
        video = read({**PICTURE, "tags": {"DURATION": written}}).video
        assert video is not None
        assert video.duration_seconds == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(
    fields=st.dictionaries(
        st.sampled_from(
            ["width", "height", "index", "sample_aspect_ratio", "avg_frame_rate", "duration",
             "pix_fmt", "channels", "tags", "disposition", "side_data_list", "codec_name",
             "channel_layout", "sample_rate", "bits_per_raw_sample", "closed_captions", "bit_rate",
             "field_order", "color_transfer", "color_range", "profile", "start_time"]
        ),
        JSON,
    ),
    kind=st.sampled_from(["video", "audio", "subtitle", "data"]),
    tags=JSON,
)  # fmt: skip
def test_any_json_is_read_or_left_out(fields: dict[str, Any], kind: str, tags: Any) -> None:
    found = read({**PICTURE, **fields}, {"codec_type": kind, **fields}, tags=tags)
    for video in found.video_streams:
        assert video.width % 2 == video.height % 2 == 0
    assert json.dumps(facts_of(found), allow_nan=False)


@given(
    text=st.sampled_from(["90000/0", "0/0", "311|", "nan", "-inf", "1e400", "N/A", "٣", "1_0", ""])
    | st.text(max_size=12)
)
def test_any_text_for_a_number_is_read_or_none(text: str) -> None:
    fields = dict.fromkeys(
        ("duration", "start_time", "avg_frame_rate", "r_frame_rate", "sample_aspect_ratio"), text
    )
    found = read({**PICTURE, **fields}, {**SOUND, **fields, "sample_rate": text}, duration=text)
    assert found.video is not None
    assert found.video.frame_rate is None or 0 < found.video.frame_rate <= 480
    assert json.dumps(facts_of(found), allow_nan=False)


@pytest.mark.parametrize("output", [b"", b"[]", b"nonsense", b"3"])
def test_an_answer_that_is_none_is_a_failure_of_the_tool(output: bytes) -> None:
    with pytest.raises(ToolFailed):
        read_probe(output, warnings="", now=NOW)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("moov atom not found", r"clip\.mp4 .*index \(the moov atom\) is missing"),
        ("[x] Codec (magicyuv) not on whitelist 'h264'", "coded with magicyuv"),
        ("[concat] Format not on whitelist 'mov'", "not a kind of recording"),
        ("a file: Invalid data found when processing input", "damaged"),
    ],
)
def test_refusals_are_sentences_about_the_file(said: str, sentence: str) -> None:
    refused = refusal(ToolFailed("x", stderr_tail=said), filename="clip.mp4")
    assert refused is not None
    assert refused.__class__.__name__ == "MediaRefused"
    with pytest.raises(type(refused), match=sentence):
        raise refused


def test_a_full_disk_is_no_fault_of_the_file() -> None:
    said = "Invalid data found when processing input\nav_interleaved: No space left on device"
    assert refusal(ToolFailed("x", stderr_tail=said), filename="clip.mp4") is None


@pytest.mark.parametrize(
    "head",
    [
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd",
        b"\xef\xbb\xbf\n #EXTM3U",
        b"ffconcat version 1.0\nfile 'other.mp4'",
        b"file 'other.mp4'",
        b'<?xml version="1.0"?><MPD/>',
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1",
        b"[playlist]\nFile1=http://x",
    ],
)
def test_text_playlists_are_recognised(head: bytes) -> None:
    assert is_text_playlist(head)


@pytest.mark.parametrize(
    "head",
    [b"", b"\x00\x00\x00\x20ftypisom", b"\x1aE\xdf\xa3", b"fLaC", b"ID3\x04", b"RIFF....WAVE"],
)
def test_recordings_are_no_playlists(head: bytes) -> None:
    assert not is_text_playlist(head)


def _video_index(found: Probe) -> int:
    assert found.video is not None
    return found.video.index


def _audio_index(found: Probe) -> int:
    assert found.audio is not None
    return found.audio.index
