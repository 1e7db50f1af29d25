"""The ffmpeg commands of downloads: stored bytes are copied, nothing is encoded. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ffmpeg

from portal.assets.renditions import VIDEO_DOWNLOAD
from workers.downloads.texts import FileTexts
from workers.video.argv import NO_METADATA, Node, Source, compile_command, open_source
from workers.video.raw_values import text

LANGUAGE_LENGTH = 3
"""An MP4 file has room for a code of ISO 639-2 and nothing else."""


@dataclass(frozen=True)
class Heard:
    """A sound track as one file, and what is said of it."""

    source: Source
    language: str | None = None
    label: str | None = None


def video_command(picture: Source, sounds: Sequence[Heard], texts: FileTexts) -> list[str]:
    """Picture and all sound in one file whose index is at its beginning."""
    streams = [open_source(picture)["v:0"]]
    options = {**_options(texts), "f": "mp4"}
    for place, heard in enumerate(sounds):
        streams.append(open_source(heard.source)["a:0"])
        options |= _told(heard, place=place, stream=place + 1)
    return _compiled(picture, streams, VIDEO_DOWNLOAD, options)


def sound_command(heard: Heard, file: str, texts: FileTexts) -> list[str]:
    options = {**_options(texts), **_told(heard, place=0, stream=0), "f": "ipod"}
    return _compiled(heard.source, [open_source(heard.source)["a:0"]], file, options)


def _options(texts: FileTexts) -> dict[str, object]:
    # In its bit-exact mode ffmpeg writes no titles at all; out of it, it names itself.
    # The option has a name for each tag because ffmpeg-python takes each name once.
    tags = enumerate(f"{name}={words}" for name, words in texts.tags.items())
    return {
        "c": "copy",
        "movflags": "+faststart",
        "avoid_negative_ts": "disabled",
        **{name: value for name, value in NO_METADATA.items() if name != "fflags"},
        **{f"metadata:g:{place}": tag for place, tag in tags},
    }


def _told(heard: Heard, *, place: int, stream: int) -> Mapping[str, object]:
    """Of several sound tracks the first plays unasked."""
    told = {f"disposition:a:{place}": "default" if place == 0 else "0"}
    if heard.language is not None and len(heard.language) == LANGUAGE_LENGTH:
        told[f"metadata:s:a:{place}"] = f"language={heard.language}"
    if label := text(heard.label):
        told[f"metadata:s:{stream}"] = f"title={label}"  # The same stream by another name.
    return told


def _compiled(
    source: Source, streams: list[Node], file: str, options: Mapping[str, object]
) -> list[str]:
    # Else each input is moved to begin at zero, the sound by the encoder's first samples.
    output = ffmpeg.output(*streams, file, **options).global_args("-copyts")
    return compile_command(source.ffmpeg, [output])
