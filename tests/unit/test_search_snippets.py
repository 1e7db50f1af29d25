"""What is shown of a text, and where it is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.search.snippets import ELLIPSIS, SNIPPET_LENGTH, snippet


def shown(text: str, word: str) -> str:
    """The snippet around the word, which is marked in it."""
    at = text.index(word)
    window = at, at + len(word)
    found, highlights = snippet(text, window, [window])
    assert [found[start:end] for start, end in highlights] == [word]
    return found


EVENT = "Five delegations meet.\nThe stamp is cancelled.\nMinsk\nPostal history\nStamp cancellation"


def test_a_matching_line_is_shown_alone() -> None:
    assert shown(EVENT, "cancelled") == "The stamp is cancelled."
    assert shown(EVENT, "cancellation") == "Stamp cancellation"


def test_without_a_match_the_first_line_is_shown() -> None:
    assert snippet(EVENT, (0, 0)) == ("Five delegations meet.", ())
    assert snippet("", (0, 0)) == ("", ())


def test_marks_in_other_lines_are_left_out() -> None:
    assert snippet(EVENT, (0, 4), [(0, 4), (27, 32)])[1] == ((0, 4),)


def test_of_a_long_paragraph_the_matching_sentence_is_shown() -> None:
    sentences = ["A first one. ", "“Is it the wanted one?” ", *["And another. "] * 30]
    assert shown("".join(sentences), "wanted") == "“Is it the wanted one?”"
    assert shown("".join(sentences), "first") == "A first one."


def test_a_long_sentence_is_cut_between_words_with_ellipses() -> None:
    text = "слово " * 200 + "искомое место " + "слово " * 200
    found = shown(text, "искомое")
    assert len(found) <= SNIPPET_LENGTH
    assert (found[0], found[-1]) == (ELLIPSIS, ELLIPSIS)
    assert set(found.strip(ELLIPSIS).split()) == {"слово", "искомое", "место"}


def test_only_the_end_that_is_cut_has_an_ellipsis() -> None:
    text = "first " + "word " * 200 + "last"
    assert shown(text, "first").startswith("first word")
    assert shown(text, "first").endswith(f"word{ELLIPSIS}")
    assert shown(text, "last").startswith(f"{ELLIPSIS}word")
    assert shown(text, "last").endswith("word last")


WORDS = st.lists(st.sampled_from(["vote", "Ещё", "end.", "Why?", "line\nbreak", "x" * 90]))


@given(st.lists(WORDS, min_size=1, max_size=40), st.data())
def test_no_word_is_ever_cut(parts: list[list[str]], data: st.DataObject) -> None:
    words = [word for part in parts for word in part] or ["word"]
    text = " ".join(words)
    chosen = data.draw(st.integers(0, len(words) - 1))
    at = len(" ".join(words[:chosen])) + bool(chosen)
    found, _ = snippet(text, (at, at + len(words[chosen])))
    assert "\n" not in found
    assert set(found.strip(ELLIPSIS).split()) <= set(text.split())
    assert len(found) <= SNIPPET_LENGTH
