"""The first bytes by which file formats are known.

Collected from the formats' own specifications and https://mimesniff.spec.whatwg.org/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Set

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_HEIF_BRANDS = frozenset({b"mif1", b"mif2", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_REFUSED_BRANDS = {
    b"crx ": "a raw file of a Canon camera (CR3)",
    b"jp2 ": "a JPEG 2000 picture",
    b"jpx ": "a JPEG 2000 picture",
    b"jpm ": "a JPEG 2000 picture",
}
_QUICKTIME_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""What old QuickTime files begin with: they have no file type box."""
_FTYP_MEDIA_TYPES = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"M4P ": "audio/mp4",
}
_MXF_PARTITION = bytes.fromhex("060e2b34020501010d010201")
_TS_PACKET_BYTES = 188
_M2TS_PACKET_BYTES = 192

_PREFIXES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"FLV\x01", "video/x-flv"),
    (_MXF_PARTITION, "application/mxf"),
    (b"fLaC", "audio/flac"),
    (b"\0\0\x01\xba", "video/mpeg"),
)
_RIFF_FORMS = {b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav", b"WEBP": "image/webp"}

_REFUSED_TEXT = (
    (re.compile(rb"#EXTM3U", re.IGNORECASE), "a playlist (M3U)"),
    (re.compile(rb"ffconcat\b", re.IGNORECASE), "a playlist (ffconcat)"),
    (re.compile(rb"\[playlist\]", re.IGNORECASE), "a playlist (PLS)"),
    (re.compile(rb"(?:<[?!].*?)?<svg[\s>]", re.IGNORECASE | re.DOTALL), "an SVG drawing"),
    (re.compile(rb"<!doctype html|<html|<script|<head|<body", re.IGNORECASE), "an HTML page"),
    (re.compile(rb"<\?xml|<[a-z]", re.IGNORECASE), "an XML or HTML text"),
    (re.compile(rb"#!"), "a script"),
)
_REFUSED_PREFIXES = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"MZ", "a program for Windows"),
    (b"\x7fELF", "a program for Linux"),
    (b"\xcf\xfa\xed\xfe", "a program for macOS"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"8BPS", "a Photoshop document"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"FUJIFILMCCD-RAW", "a raw file of a Fujifilm camera"),
    (b"IIRO", "a raw file of an Olympus camera"),
    (b"IIRS", "a raw file of an Olympus camera"),
    (b"IIU\0", "a raw file of a Panasonic camera"),
    (b"FOVb", "a raw file of a Sigma camera"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
)


def find_media_type(head: bytes) -> str | None:
    """The media type of what is taken; None for everything else."""
    return next((media_type for test in _TESTS if (media_type := test(head)) is not None), None)


def name_of_refused(head: bytes) -> str | None:
    """What a well-known file is that is not taken: "a PDF document"; None when it is unknown."""
    for prefix, name in _REFUSED_PREFIXES:
        if head.startswith(prefix):
            return name
    if head[4:8] == b"ftyp" and head[8:12] in _REFUSED_BRANDS:
        return _REFUSED_BRANDS[head[8:12]]
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((name for sign, name in _REFUSED_TEXT if sign.match(start)), None)


def _prefixed(head: bytes) -> str | None:
    return next((media_type for prefix, media_type in _PREFIXES if head.startswith(prefix)), None)


def _riff(head: bytes) -> str | None:
    return _RIFF_FORMS.get(head[8:12]) if head[:4] in {b"RIFF", b"RF64", b"BW64"} else None


def _iso_media(head: bytes) -> str | None:
    box = head[4:8]
    if box != b"ftyp":
        return "video/quicktime" if box in _QUICKTIME_BOXES else None
    end = min(int.from_bytes(head[:4]), 512)
    major = head[8:12]
    return _branded(major, {major, *(head[at : at + 4] for at in range(16, end, 4))})


def _branded(major: bytes, brands: Set[bytes]) -> str | None:
    if major in _REFUSED_BRANDS:
        return None
    if major in _AVIF_BRANDS | _HEIC_BRANDS | _HEIF_BRANDS:
        is_avif, is_heic = bool(brands & _AVIF_BRANDS), bool(brands & _HEIC_BRANDS)
        return "image/avif" if is_avif else "image/heic" if is_heic else "image/heif"
    if major.startswith((b"3gp", b"3g2")):
        return "video/3gpp"
    return _FTYP_MEDIA_TYPES.get(major, "video/mp4")


def _matroska(head: bytes) -> str | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return "video/webm" if b"webm" in head[:128] else "video/x-matroska"


def _ogg(head: bytes) -> str | None:
    if not head.startswith(b"OggS"):
        return None
    return "video/ogg" if b"theora" in head else "audio/ogg"


def _transport_stream(head: bytes) -> str | None:
    for first, packet_bytes in ((0, _TS_PACKET_BYTES), (4, _M2TS_PACKET_BYTES)):
        sync_bytes = head[first : first + 3 * packet_bytes : packet_bytes]
        if len(sync_bytes) == 3 and set(sync_bytes) == {0x47}:
            return "video/mp2t"
    return None


def _audio_frames(head: bytes) -> str | None:
    if head.startswith(b"ID3"):
        return "audio/mpeg"
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, sample_rate = head[2] >> 4, head[2] >> 2 & 3
    is_mpeg_audio = version != 1 and layer in {1, 2} and 0 < bit_rate < 15 and sample_rate != 3
    return "audio/mpeg" if is_mpeg_audio else None


_TESTS: tuple[Callable[[bytes], str | None], ...] = (
    _prefixed,
    _riff,
    _iso_media,
    _matroska,
    _ogg,
    _transport_stream,
    _audio_frames,
)
