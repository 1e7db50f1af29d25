"""What a file really is, told by its first bytes; its name must agree.

Only what is on the list is taken. The kind is a first answer: the probe knows whether an MP4 has
a picture at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from portal.assets.models import Kind
from portal.errors import UnsupportedMedia
from portal.transcripts.formats.read import CaptionFormat, caption_text, find_format
from portal.transcripts.formats.ttml import root_of_xml
from portal.uploads.signatures import find_media_type, name_of_refused

SNIFF_BYTES = 4096

_VIDEO_SUFFIXES = frozenset(
    {
        "mp4",
        "m4v",
        "mov",
        "qt",
        "3gp",
        "3g2",
        "mkv",
        "webm",
        "ts",
        "mts",
        "m2ts",
        "m2t",
        "mpg",
        "mpeg",
        "vob",
        "avi",
        "flv",
        "mxf",
        "ogg",
        "ogv",
    }
)
_AUDIO_SUFFIXES = frozenset(
    {"m4a", "m4b", "mka", "weba", "oga", "opus", "wav", "wave", "flac", "mp3", "aac"}
)
_RECORDING_SUFFIXES = _VIDEO_SUFFIXES | _AUDIO_SUFFIXES
"""Among them any agrees with any content: the one for pictures often holds sound only."""
_RAW_SUFFIXES = frozenset({"cr2", "nef", "nrw", "arw", "dng", "pef"})
"""Raw files of cameras that are built as TIFF and hold a preview."""
_PHOTO_SUFFIXES = _RAW_SUFFIXES | frozenset(
    {"jpg", "jpeg", "jpe", "jfif", "png", "webp", "tif", "tiff", "heic", "heif", "hif", "avif"}
)
_KNOWN_SUFFIXES = _RECORDING_SUFFIXES | _PHOTO_SUFFIXES
_CAPTION_SUFFIXES = frozenset({"srt", "vtt", "ttml", "dfxp", "sbv"})
_TEXT_SUFFIXES = frozenset({"xml", "txt"})
"""Of these only what holds captions is taken."""
_CAPTION_TYPES = {
    CaptionFormat.SRT: "application/x-subrip",
    CaptionFormat.VTT: "text/vtt",
    CaptionFormat.TTML: "application/ttml+xml",
    CaptionFormat.SBV: "text/plain",
    CaptionFormat.PLAIN: "text/plain",
}


@dataclass(frozen=True)
class Sniffed:
    kind: Kind
    media_type: str


def sniff(filename: str, head: bytes) -> Sniffed:
    """The type of a file, from its name and its first `SNIFF_BYTES` bytes.

    Raises UnsupportedMedia with a sentence naming the file and the cause.
    """
    head = head[:SNIFF_BYTES]
    suffix = PurePath(filename).suffix.lower().removeprefix(".")
    if not head:
        raise UnsupportedMedia(f"{filename} is empty.")
    if suffix in _CAPTION_SUFFIXES | _TEXT_SUFFIXES:
        return _captions(filename, suffix, head)
    media_type = find_media_type(head)
    if media_type is None:
        raise UnsupportedMedia(f"{filename} {_why_refused(suffix, head)}")
    kind = _kind(media_type, suffix)
    suffixes = _PHOTO_SUFFIXES if kind is Kind.PHOTO else _RECORDING_SUFFIXES
    if suffix and suffix not in suffixes:
        raise UnsupportedMedia(
            f"{filename} holds {_describe(kind)} ({media_type}), "
            f"which does not agree with its name ending in .{suffix}."
        )
    return Sniffed(kind, media_type)


def _captions(filename: str, suffix: str, head: bytes) -> Sniffed:
    """Told by what they hold: many a tool gives WebVTT the name of SubRip."""
    text, _ = caption_text(head)
    caption_format = find_format(text)
    if caption_format is not None:
        return Sniffed(Kind.CAPTIONS, _CAPTION_TYPES[caption_format])
    named = (
        f"is a .{suffix} file, of which only captions are taken"
        if suffix in _TEXT_SUFFIXES
        else "is named as captions"
    )
    raise UnsupportedMedia(f"{filename} {named}, but {_why_no_captions(text, head)}.")


def _why_no_captions(text: str, head: bytes) -> str:
    if (root := root_of_xml(text)) is not None:
        return f"it is XML without timed text: its root element is <{root}>, not <tt>"
    found = name_of_refused(head) or find_media_type(head)
    return f"it is {found}" if found else "no line at its beginning has a time"


def _kind(media_type: str, suffix: str) -> Kind:
    if media_type.startswith("image/"):
        return Kind.PHOTO
    if media_type.startswith("audio/") or suffix in _AUDIO_SUFFIXES:
        return Kind.AUDIO
    return Kind.VIDEO


def _describe(kind: Kind) -> str:
    return "a photo" if kind is Kind.PHOTO else "a recording"


def _why_refused(suffix: str, head: bytes) -> str:
    named = f", although its name ends in .{suffix}" if suffix in _KNOWN_SUFFIXES else ""
    if (found := name_of_refused(head)) is not None:
        return f"is {found}{named}; that is not taken."
    if suffix in _KNOWN_SUFFIXES:
        return f"holds nothing that can be recognised, although its name ends in .{suffix}."
    return "is of a type that is not taken; video, audio, photos and captions are."
