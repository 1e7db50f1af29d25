"""Run in the sandbox, one process per caption file or track: cues as JSON on stdout.

    child.py file|track ASKED       the path of a FileAsked or TrackAsked as JSON

Foreign captions are parsed in this process only; the other side of the pipe is reading.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from portal.errors import InvalidInput
from portal.transcripts.formats import CaptionFile, read_captions
from workers.captions.cea608 import Pair, decode
from workers.captions.models import FileAsked, TrackAsked, TrackRead
from workers.captions.packets import Track, read_packets
from workers.captions.picture_captions import pairs_of_picture, pairs_of_track
from workers.captions.track_texts import TEXT_CODECS, read_track, shown_cues


def main(kind: str, asked: str) -> None:
    request = json.loads(Path(asked).read_text(encoding="utf-8"))
    try:
        answer: object = _READERS[kind](request)
    except InvalidInput as error:
        answer = {"refused": str(error)}
    # All that is told are dataclasses: their fields are in their `vars`.
    said = json.dumps(answer, default=vars, ensure_ascii=False)
    sys.stdout.buffer.write(said.encode(errors="replace"))


def _read_file(request: Mapping[str, Any]) -> CaptionFile:
    asked = FileAsked(**request)
    data = Path(asked.path).read_bytes()
    return read_captions(data, filename=asked.filename, names=frozenset(asked.names))


def _read_track(request: Mapping[str, Any]) -> TrackRead:
    asked = TrackAsked(**request)
    packets = read_packets(Path(asked.folder), Track(asked.index))
    if asked.codec is None:
        return _first_channel(asked, pairs_of_picture(packets))
    if asked.codec in TEXT_CODECS:
        return TrackRead(read_track(asked.codec, packets, names=frozenset(asked.names)))
    return _first_channel(asked, pairs_of_track(packets))


def _first_channel(asked: TrackAsked, pairs: Iterable[Pair]) -> TrackRead:
    channels = decode(pairs, recording_ms=asked.recording_ms)
    shown = next(iter(channels.values()), ())
    parsed = shown_cues(shown, names=frozenset(asked.names))
    return TrackRead(parsed, tuple(channels)[1:])


_READERS: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "file": _read_file,
    "track": _read_track,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
