"""A multivariant ("master") playlist (RFC 8216, 4.3.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from tests.hls_lint.faults import Fault
from tests.hls_lint.syntax import Line, Reader

Attributes = Mapping[str, str]
ONCE = ("EXT-X-VERSION", "EXT-X-INDEPENDENT-SEGMENTS")
OF_MEDIA_PLAYLISTS = ("EXTINF", "EXT-X-TARGETDURATION", "EXT-X-MAP", "EXT-X-ENDLIST")


@dataclass(frozen=True)
class Variant:
    attributes: Attributes
    address: str


@dataclass
class Multivariant:
    """Addresses are absolute."""

    address: str
    version: int = 1
    are_independent: bool = False
    media: list[Attributes] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    iframes: list[Variant] = field(default_factory=list)

    def group(self, kind: str, name: str | None) -> list[Attributes]:
        return [m for m in self.media if m.get("TYPE") == kind and m.get("GROUP-ID") == name]

    def media_address(self, attributes: Attributes) -> str | None:
        uri = attributes.get("URI")
        return urljoin(self.address, uri) if uri else None

    def addresses(self, role: str | None = None) -> Iterator[str]:
        """Of the playlists that play a role (variant, audio, subtitles, iframes), or of all."""
        if role in {None, "variant"}:
            yield from (variant.address for variant in self.variants)
        for attributes in self.media:
            address = self.media_address(attributes)
            if address and role in {None, attributes.get("TYPE", "").lower()}:
                yield address
        if role in {None, "iframes"}:
            yield from (variant.address for variant in self.iframes)


def read_multivariant(address: str, text: str, faults: list[Fault]) -> Multivariant:
    reader, found = Reader(address, faults), Multivariant(address)
    pending: Attributes | None = None
    seen: set[str] = set()
    for line in reader.lines(text):
        if pending is not None and line.tag:
            reader.fault("variant-address", "4.3.4.2", f"line {line.number} should be an address")
            pending = None
        if line.tag in ONCE and line.tag in seen:
            reader.fault("repeated", "4.3", f"{line.tag} stands twice")
        seen.add(line.tag)
        if not line.tag:
            if pending is None:
                reader.fault("variant-address", "4.3.4.2", f"line {line.number} follows no variant")
            found.variants.append(Variant(pending or {}, urljoin(address, line.value)))
            pending = None
        elif line.tag == "EXT-X-STREAM-INF":
            pending = reader.attributes(line)
        else:
            _read_tag(reader, found, line)
    if pending is not None:
        reader.fault("variant-address", "4.3.4.2", "the last variant has no address")
    return found


def _read_tag(reader: Reader, found: Multivariant, line: Line) -> None:
    if line.tag == "EXT-X-VERSION":
        found.version = int(line.value) if line.value.isdecimal() else 0
    elif line.tag == "EXT-X-INDEPENDENT-SEGMENTS":
        found.are_independent = True
    elif line.tag == "EXT-X-MEDIA":
        found.media.append(reader.attributes(line))
    elif line.tag == "EXT-X-I-FRAME-STREAM-INF":
        attributes = reader.attributes(line)
        uri = attributes.get("URI")
        if uri is None:
            reader.fault("iframe-variant", "4.3.4.3", f"line {line.number} has no URI")
        else:
            found.iframes.append(Variant(attributes, urljoin(reader.place, uri)))
    elif line.tag in OF_MEDIA_PLAYLISTS:
        reader.fault("mixed", "4.1", f"{line.tag} belongs into a media playlist")
    else:
        reader.fault("unknown-tag", "4.3", f"nobody knows {line.tag}")
