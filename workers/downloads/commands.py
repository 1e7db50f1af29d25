"""The ffmpeg commands of downloads: stored bytes are copied, nothing is encoded. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import ffmpeg

from portal.assets.renditions import SOUND_DOWNLOAD, VIDEO_DOWNLOAD
from workers.downloads.texts import FileTexts
from workers.video.argv import NO_METADATA, Node, Source, compile_command, open_source

_OF_THE_FILE = ("metadata", "metadata:g")
"""Two names of one option: ffmpeg-python takes each name once."""
LANGUAGE_LENGTH = 3
"""An MP4 file has room for a code of ISO 639-2 and nothing else."""


def video_command(
    picture: Source, sound: Source | None, texts: FileTexts, *, language: str | None
) -> list[str]:
    """Picture and sound in one file whose index is at its beginning."""
    streams = [open_source(picture)["v:0"]]
    options = _options(texts)
    if sound is not None:
        streams.append(open_source(sound)["a:0"])
        options |= _spoken(language)
    return _compiled(picture, streams, VIDEO_DOWNLOAD, {**options, "f": "mp4"})


def sound_command(sound: Source, texts: FileTexts, *, language: str | None) -> list[str]:
    options = {**_options(texts), **_spoken(language), "f": "ipod"}
    return _compiled(sound, [open_source(sound)["a:0"]], SOUND_DOWNLOAD, options)


def _options(texts: FileTexts) -> dict[str, object]:
    # In its bit-exact mode ffmpeg writes no titles at all; out of it, it names itself.
    tags = (f"{name}={words}" for name, words in texts.tags.items())
    return {
        "c": "copy",
        "movflags": "+faststart",
        "avoid_negative_ts": "disabled",
        **{name: value for name, value in NO_METADATA.items() if name != "fflags"},
        **dict(zip(_OF_THE_FILE, tags, strict=False)),
    }


def _spoken(language: str | None) -> Mapping[str, object]:
    is_code = language is not None and len(language) == LANGUAGE_LENGTH
    return {"metadata:s:a:0": f"language={language}"} if is_code else {}


def _compiled(
    source: Source, streams: list[Node], file: str, options: Mapping[str, object]
) -> list[str]:
    # Else each input is moved to begin at zero, the sound by the encoder's first samples.
    output = ffmpeg.output(*streams, file, **options).global_args("-copyts")
    return compile_command(source.ffmpeg, [output])
