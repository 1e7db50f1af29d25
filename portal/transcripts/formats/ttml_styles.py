"""How TTML says that words are italic, bold, underlined, coloured or annotated (ruby)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from portal.transcripts.formats.runs import class_mark, language_mark
from portal.transcripts.formats.xml_tree import Element

_ITALIC = {"italic": True, "oblique": True, "normal": False}
_BOLD = {"bold": True, "normal": False}
_UNDERLINED = {"underline": True, "noUnderline": False, "none": False}
_HEX_COLOURS = {
    "#00ff00": "lime",
    "#00ffff": "cyan",
    "#ff0000": "red",
    "#ffff00": "yellow",
    "#ff00ff": "magenta",
    "#0000ff": "blue",
}
_USUAL_COLOURS = frozenset({"white", "black"})
_RUBY_MARKS = {"container": ("ruby",), "base": ("ruby",), "text": ("ruby", "rt")}
_READ = frozenset({"fontStyle", "fontWeight", "textDecoration", "color", "ruby", "display"})
_REFERENCES_DEPTH_MAX = 10

Attributes = Mapping[str, str]


@dataclass(frozen=True)
class Look:
    """What an element and those around it say of its words."""

    is_italic: bool = False
    is_bold: bool = False
    is_underlined: bool = False
    colour: str | None = None
    ruby: str | None = None
    language: str | None = None
    is_hidden: bool = False

    def within(self, styles: Attributes, *, language: str | None) -> Look:
        """The look of an element inside, with its own `styles`."""
        ruby = styles.get("ruby", self.ruby)
        return replace(
            self,
            is_italic=_ITALIC.get(styles.get("fontStyle", ""), self.is_italic),
            is_bold=_BOLD.get(styles.get("fontWeight", ""), self.is_bold),
            is_underlined=_UNDERLINED.get(styles.get("textDecoration", ""), self.is_underlined),
            colour=_colour(styles["color"]) if "color" in styles else self.colour,
            ruby=ruby,
            language=language or self.language,
            is_hidden=self.is_hidden or ruby == "delimiter" or styles.get("display") == "none",
        )

    @property
    def marks(self) -> tuple[str, ...]:
        """Ruby before the rest, so that a change of style does not tear it apart."""
        marks = [language_mark(self.language)] if self.language else []
        marks += _RUBY_MARKS.get(self.ruby or "", ())
        marks.append(class_mark([self.colour]) if self.colour else None)
        marks += (mark for mark, is_on in self._switches() if is_on)
        return tuple(mark for mark in marks if mark is not None)

    def _switches(self) -> Iterator[tuple[str, bool]]:
        yield "b", self.is_bold
        yield "i", self.is_italic
        yield "u", self.is_underlined


def read_styles(root: Element) -> Mapping[str, Attributes]:
    """{id: attributes} of the named styles, each with those that it refers to."""
    named = {
        element.attributes["id"]: element.attributes
        for styling in root.descendants()
        if styling.name == "styling"
        for element in styling.elements
        if element.name == "style" and "id" in element.attributes
    }
    resolved: dict[str, Attributes] = {}
    for name in named:
        _resolve(name, named, resolved, ())
    return resolved


def styles_of(element: Element, named: Mapping[str, Attributes]) -> Attributes:
    """Its own attributes over those of the styles that it names."""
    found: dict[str, str] = {}
    for name in element.attributes.get("style", "").split():
        found |= named.get(name, {})
    return {**found, **element.attributes}


def _resolve(
    name: str,
    named: Mapping[str, Attributes],
    resolved: dict[str, Attributes],
    referring: tuple[str, ...],
) -> Attributes:
    """Each is resolved once, and none by way of itself."""
    if name in resolved:
        return resolved[name]
    if name not in named or name in referring or len(referring) == _REFERENCES_DEPTH_MAX:
        return {}
    found: dict[str, str] = {}
    for other in named[name].get("style", "").split():
        found |= _resolve(other, named, resolved, (*referring, name))
    resolved[name] = found | {k: v for k, v in named[name].items() if k in _READ}
    return resolved[name]


def _colour(value: str) -> str | None:
    value = value.strip().lower()
    named = _HEX_COLOURS.get(value[:7], value)
    return None if named in _USUAL_COLOURS else named
