"""A multivariant playlist and all that it leads to, as read from a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.hls_lint.faults import Fault
from tests.hls_lint.media import MediaPlaylist, Part, read_media
from tests.hls_lint.multivariant import Multivariant, read_multivariant

Fetch = Callable[[str], bytes | None]
"""The bytes at an address; None when there are none."""


@dataclass
class Presentation:
    """`playlists` and `files` by address; `faults` of reading alone."""

    master: Multivariant
    playlists: dict[str, MediaPlaylist] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def bytes_of(self, part: Part) -> bytes:
        whole = self.files.get(part.address, b"")
        return whole if part.length is None else whole[part.start : part.start + part.length]

    def having(self, *roles: str) -> Mapping[str, MediaPlaylist]:
        """The playlists that play one of these roles: variant, audio, subtitles, iframes."""
        wanted = dict.fromkeys(a for role in roles for a in self.master.addresses(role))
        return {a: self.playlists[a] for a in wanted if a in self.playlists}


def fetch_presentation(address: str, fetch: Fetch) -> Presentation:
    """Everything that the multivariant playlist at `address` names, each file once."""
    faults: list[Fault] = []
    master = read_multivariant(address, _text(address, fetch, faults), faults)
    found = Presentation(master, faults=faults)
    for playlist in dict.fromkeys(master.addresses()):
        text = _text(playlist, fetch, faults)
        if text:
            found.playlists[playlist] = read_media(playlist, text, faults)
    for file in dict.fromkeys(_file_addresses(found.playlists.values())):
        content = fetch(file)
        if content is None:
            faults.append(Fault("address", "4.1", file, "nothing is there"))
        else:
            found.files[file] = content
    return found


def _text(address: str, fetch: Fetch, faults: list[Fault]) -> str:
    content = fetch(address)
    if content is None:
        faults.append(Fault("address", "4.1", address, "nothing is there"))
        return ""
    try:
        return content.decode()
    except UnicodeDecodeError:
        faults.append(Fault("encoding", "4.1", address, "it is not UTF-8"))
        return content.decode(errors="replace")


def _file_addresses(playlists: Iterable[MediaPlaylist]) -> Iterator[str]:
    for playlist in playlists:
        if playlist.map_address:
            yield playlist.map_address
        yield from (part.address for part in playlist.parts)
