"""Passages cover a transcript in windows that are neither too long nor apart."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portal.search.passages import SECONDS_MAX, Passage, cut_passages
from portal.transcripts.models import Cue


def transcript(gaps_and_lengths: list[tuple[float, float]]) -> list[Cue]:
    cues: list[Cue] = []
    clock = 0.0
    for number, (gap, length) in enumerate(gaps_and_lengths):
        clock += gap
        cues.append(Cue(clock, clock + length, f"word{number}  and\nmore"))
        clock += length
    return cues


TRANSCRIPTS = st.lists(
    st.tuples(st.floats(0, 50, width=16), st.floats(0, 45, width=16)), max_size=40
).map(transcript)


def seconds(passage: Passage) -> float:
    return max(cue.end_seconds for cue in passage.cues) - passage.cues[0].start_seconds


@given(TRANSCRIPTS)
def test_every_cue_is_covered_in_order(cues: list[Cue]) -> None:
    starts = [cue.start_seconds for passage in cut_passages(cues) for cue in passage.cues]
    assert set(starts) == {cue.start_seconds for cue in cues}
    words = [passage.text.split()[0] for passage in cut_passages(cues)]
    assert words == sorted(words, key=lambda word: int(word.removeprefix("word")))
    assert len(set(words)) == len(words)


@given(TRANSCRIPTS)
def test_windows_are_short_unless_a_cue_is_long(cues: list[Cue]) -> None:
    for passage in cut_passages(cues):
        assert seconds(passage) <= SECONDS_MAX or len(passage.cues) == 1


@given(TRANSCRIPTS)
def test_neighbours_overlap_by_at_most_one_cue(cues: list[Cue]) -> None:
    passages = list(cut_passages(cues))
    for before, after in pairwise(passages):
        texts = [before.text[cue.offset : cue.offset + cue.length] for cue in before.cues]
        assert after.text.split()[0] not in {text.split()[0] for text in texts[:-1]}


@given(TRANSCRIPTS)
def test_offsets_slice_the_text(cues: list[Cue]) -> None:
    for passage in cut_passages(cues):
        sliced = [passage.text[cue.offset : cue.offset + cue.length] for cue in passage.cues]
        assert " ".join(sliced) == passage.text
        assert set(sliced) <= {" ".join(cue.text.split()) for cue in cues}


def test_steady_speech_is_cut_every_twenty_seconds_with_one_cue_twice() -> None:
    cues = transcript([(0, 4)] * 12)
    windows = [[cue.start_seconds for cue in passage.cues] for passage in cut_passages(cues)]
    assert windows == [[0, 4, 8, 12, 16], [16, 20, 24, 28, 32], [32, 36, 40, 44]]


def test_a_long_silence_parts_passages() -> None:
    cues = transcript([(0, 4), (1, 4), (60, 4)])
    assert [len(passage.cues) for passage in cut_passages(cues)] == [2, 1]


def test_a_long_cue_stands_alone() -> None:
    cues = transcript([(0, 4), (0, 45), (0, 4)])
    assert [passage.text.split()[0] for passage in cut_passages(cues)] == [
        "word0",
        "word1",
        "word2",
    ]


def test_cues_without_words_are_left_out_and_order_is_of_time() -> None:
    cues = [Cue(8, 9, "later", "Anna"), Cue(2, 3, " \n"), Cue(1, 2, "sooner")]
    (passage,) = cut_passages(cues)
    assert passage.text == "sooner later"
    assert [cue.speaker for cue in passage.cues] == [None, "Anna"]
