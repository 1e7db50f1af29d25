"""What is wrong with a file that is no YAML, in words for editors and with the line to look at."""

from __future__ import annotations

import yaml
from yaml.reader import ReaderError

QUOTE_HINT = "a text with a colon, comma or quote stands in quotes"
_BRACKETS = {
    "while parsing a flow mapping": ("{", "}"),
    "while parsing a flow sequence": ("[", "]"),
    "while parsing a flow node": ("{", "}"),
}
_SENTENCES = {
    "mapping values are not allowed here": (
        f"a colon that is one too many, or spaces before the line that do not fit; {QUOTE_HINT}"
    ),
    "found character '\\t' that cannot start any token": "a tab; lines are indented by spaces",
    "found unexpected end of stream": "a quote opens here and does not close",
    "could not find expected ':'": "a line without `key:`, or one that is not indented enough",
}
_OTHERWISE = f"check how far the line is indented; {QUOTE_HINT}"


def syntax_fault(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """The line, counted from 1, and the sentence."""
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return line, f"holds the control character U+{error.character:04X}"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return 1, f"this is not YAML: {_OTHERWISE}"
    line, sentence = _marked(error, error.problem_mark.line + 1)
    return line, f"this is not YAML: {sentence}"


def _marked(error: yaml.MarkedYAMLError, noticed: int) -> tuple[int, str]:
    """Where something opens says more than where the reader noticed that it does not close."""
    begin = noticed if error.context_mark is None else error.context_mark.line + 1
    context, problem = error.context or "", error.problem or ""
    if context in _BRACKETS:
        return begin, _unclosed(*_BRACKETS[context], later=noticed if noticed != begin else None)
    if context.endswith("quoted scalar") and "escape" in problem:
        return noticed, "in double quotes a backslash is written twice: \\\\"
    is_unclosed = context.endswith("quoted scalar") or problem == "could not find expected ':'"
    return begin if is_unclosed else noticed, _SENTENCES.get(problem, _OTHERWISE)


def _unclosed(opening: str, closing: str, *, later: int | None) -> str:
    where = "" if later is None else f" (noticed in line {later})"
    return f"the {opening} that opens here has no {closing} where one is due{where}; {QUOTE_HINT}"
