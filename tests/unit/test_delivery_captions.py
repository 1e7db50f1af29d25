"""Segments of captions hold what shows in them, and little enough."""

from __future__ import annotations

from portal.delivery.captions import PEAK_BPS, SEGMENT_SECONDS, segment_text, window
from portal.transcripts.models import Cue


def test_windows_follow_each_other() -> None:
    assert (window(1).start_seconds, window(1).end_seconds) == (0, 30)
    assert window(2).start_seconds == window(1).end_seconds


def test_a_segment_is_tied_to_the_clock_of_the_picture() -> None:
    text = segment_text([Cue(29.0, 31.5, "a <b> & c", "Ярош")])
    assert text == (
        "WEBVTT\n"
        "X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"
        "\n"
        "00:00:29.000 --> 00:00:31.500\n"
        "<v Ярош>a &lt;b&gt; &amp; c\n"
    )


def test_a_silent_segment_is_one_too() -> None:
    assert segment_text([]) == "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"


def test_the_fastest_speaker_needs_less_than_is_promised() -> None:
    """Ten words a second, each in a cue with its speaker."""
    words = [
        Cue(number / 10, number / 10 + 0.1, "международной", "Ярош")
        for number in range(SEGMENT_SECONDS * 10)
    ]
    assert 8 * len(segment_text(words).encode()) / SEGMENT_SECONDS <= PEAK_BPS


def test_words_that_only_look_like_a_signature_stay() -> None:
    assert segment_text([Cue(0, 1, "WEBVTT\nX")]).count("X-TIMESTAMP-MAP") == 1
