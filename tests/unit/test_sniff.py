"""A file is what its bytes say, and its name must agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.assets.models import Kind
from portal.errors import UnsupportedMedia
from portal.uploads.sniff import SNIFF_BYTES, sniff

SRT = "1\r\n00:00:01,000 --> 00:00:02,000\r\nДоброе утро\r\n"
TTML = '<?xml version="1.0"?>\n<!-- a comment -->\n<tt xmlns="http://www.w3.org/ns/ttml">'


def ftyp(*brands: str) -> bytes:
    body = b"".join([brands[0].encode(), bytes(4), *(brand.encode() for brand in brands[1:])])
    return (len(body) + 8).to_bytes(4) + b"ftyp" + body + b"\0\0\0\x08free"


@pytest.mark.parametrize(
    ("filename", "head", "kind", "media_type"),
    [
        ("a.mp4", ftyp("isom", "iso2", "mp41"), Kind.VIDEO, "video/mp4"),
        ("a.MP4", ftyp("isom")[:20], Kind.VIDEO, "video/mp4"),
        ("a.mov", ftyp("qt  "), Kind.VIDEO, "video/quicktime"),
        ("a.mov", b"\0\0\x0f\xffmdat", Kind.VIDEO, "video/quicktime"),
        ("a.mov", b"\0\0\0\x08wide\0\0", Kind.VIDEO, "video/quicktime"),
        ("a.3gp", ftyp("3gp4", "isom"), Kind.VIDEO, "video/3gpp"),
        ("a.m4a", ftyp("M4A ", "isom"), Kind.AUDIO, "audio/mp4"),
        ("a.m4a", ftyp("isom"), Kind.AUDIO, "video/mp4"),
        ("a.mkv", b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", Kind.VIDEO, "video/x-matroska"),
        ("a.webm", b"\x1a\x45\xdf\xa3\x93\x42\x82\x84webm", Kind.VIDEO, "video/webm"),
        ("a.ts", (b"\x47" + bytes(187)) * 3, Kind.VIDEO, "video/mp2t"),
        ("a.m2ts", (bytes(4) + b"\x47" + bytes(187)) * 3, Kind.VIDEO, "video/mp2t"),
        ("a.mpg", b"\0\0\x01\xba\x44", Kind.VIDEO, "video/mpeg"),
        ("a.avi", b"RIFF\xff\0\0\0AVI LIST", Kind.VIDEO, "video/x-msvideo"),
        ("a.flv", b"FLV\x01\x05", Kind.VIDEO, "video/x-flv"),
        ("a.mxf", bytes.fromhex("060e2b34020501010d0102010102"), Kind.VIDEO, "application/mxf"),
        ("a.ogv", b"OggS\0\x02" + bytes(22) + b"\x80theora", Kind.VIDEO, "video/ogg"),
        ("a.ogg", b"OggS\0\x02" + bytes(22) + b"\x01vorbis", Kind.AUDIO, "audio/ogg"),
        ("a.wav", b"RIFF\xff\0\0\0WAVEfmt ", Kind.AUDIO, "audio/wav"),
        ("a.wav", b"RF64\xff\xff\xff\xffWAVEds64", Kind.AUDIO, "audio/wav"),
        ("a.flac", b"fLaC\0\0\0\x22", Kind.AUDIO, "audio/flac"),
        ("a.mp3", b"ID3\x04\0", Kind.AUDIO, "audio/mpeg"),
        ("a.mp3", b"\xff\xfb\x90\x64", Kind.AUDIO, "audio/mpeg"),
        ("a.aac", b"\xff\xf1\x50\x80", Kind.AUDIO, "audio/aac"),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", Kind.PHOTO, "image/jpeg"),
        ("a.png", b"\x89PNG\r\n\x1a\n", Kind.PHOTO, "image/png"),
        ("a.webp", b"RIFF\xff\0\0\0WEBPVP8 ", Kind.PHOTO, "image/webp"),
        ("a.tif", b"II*\0\x08", Kind.PHOTO, "image/tiff"),
        ("a.tiff", b"MM\0*\0", Kind.PHOTO, "image/tiff"),
        ("a.CR2", b"II*\0\x10\0\0\0CR\x02\0", Kind.PHOTO, "image/tiff"),
        ("a.nef", b"MM\0*\0\0\0\x08", Kind.PHOTO, "image/tiff"),
        ("a.arw", b"II*\0\x08\0\0\0", Kind.PHOTO, "image/tiff"),
        ("a.dng", b"II*\0\x08\0\0\0", Kind.PHOTO, "image/tiff"),
        ("a.heic", ftyp("heic", "mif1", "heic"), Kind.PHOTO, "image/heic"),
        ("a.heic", ftyp("mif1", "mif1", "heic"), Kind.PHOTO, "image/heic"),
        ("a.heif", ftyp("mif1", "mif1"), Kind.PHOTO, "image/heif"),
        ("a.avif", ftyp("avif", "mif1", "miaf"), Kind.PHOTO, "image/avif"),
        ("a.avif", ftyp("mif1", "avif"), Kind.PHOTO, "image/avif"),
        ("a.png", b"\xff\xd8\xff\xe0", Kind.PHOTO, "image/jpeg"),
        ("recording", b"fLaC\0\0\0\x22", Kind.AUDIO, "audio/flac"),
        ("a.en.vtt", b"WEBVTT\n\nNOTE no cue yet\n", Kind.CAPTIONS, "text/vtt"),
        ("a.vtt", b"\xef\xbb\xbfWEBVTT", Kind.CAPTIONS, "text/vtt"),
        ("a.srt", SRT.encode(), Kind.CAPTIONS, "application/x-subrip"),
        ("a.SRT", SRT.encode("cp1251"), Kind.CAPTIONS, "application/x-subrip"),
        ("a.srt", SRT.encode("utf-16"), Kind.CAPTIONS, "application/x-subrip"),
        ("a.srt", SRT.encode()[:-9] + b"\xd0", Kind.CAPTIONS, "application/x-subrip"),
        ("a.srt", SRT.replace("\r\n", "\r").encode(), Kind.CAPTIONS, "application/x-subrip"),
        ("a.txt", SRT.encode(), Kind.CAPTIONS, "application/x-subrip"),
        ("a.txt", b"[0:01] Good\n[0:05] morning\n", Kind.CAPTIONS, "text/plain"),
        ("a.sbv", b"0:00:01.000,0:00:02.000\nYes\n", Kind.CAPTIONS, "text/plain"),
        ("a.en.ttml", TTML.encode(), Kind.CAPTIONS, "application/ttml+xml"),
        ("a.dfxp", TTML.encode("utf-16"), Kind.CAPTIONS, "application/ttml+xml"),
        ("a.xml", TTML.replace("tt ", "x:tt ").encode(), Kind.CAPTIONS, "application/ttml+xml"),
    ],
)
def test_what_is_taken(filename: str, head: bytes, kind: Kind, media_type: str) -> None:
    sniffed = sniff(filename, head)
    assert (sniffed.kind, sniffed.media_type) == (kind, media_type)


def test_the_real_files(samples: Path) -> None:
    folders = {"video": Kind.VIDEO, "photos": Kind.PHOTO, "audio": Kind.AUDIO}
    for folder, kind in folders.items():
        for path in sorted((samples / folder).iterdir()):
            with path.open("rb") as file:
                sniffed = sniff(path.name, file.read(SNIFF_BYTES))
            assert sniffed.kind is (Kind.CAPTIONS if path.suffix == ".srt" else kind)


@pytest.mark.parametrize(
    ("filename", "head", "reason"),
    [
        ("a.mp4", b"", "is empty"),
        ("a.mp4", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", r"a playlist \(M3U\)"),
        ("a.mp4", b"\xef\xbb\xbf\n #EXTM3U\n", r"a playlist \(M3U\)"),
        ("a.mp4", b"ffconcat version 1.0\nfile /etc/passwd", r"a playlist \(ffconcat\)"),
        ("a.mp4", b'<?xml version="1.0"?><MPD>', "an XML or HTML text"),
        ("a.mp4", b"<!DOCTYPE html><html>", "an HTML page"),
        ("a.jpg", b'<svg onload="alert(1)">', "an SVG drawing"),
        ("a.svg", b'<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="">', "an SVG drawing"),
        ("a.mp4", b"%PDF-1.7", "a PDF document"),
        ("a.mp4", b"PK\x03\x04", "a ZIP archive"),
        ("a.mp4", b"MZ\x90\0", "a program for Windows"),
        ("a.mp4", b"\x7fELF\x02", "a program for Linux"),
        ("a.mp4", b"#!/bin/sh\n", "a script"),
        ("a.gif", b"GIF89a", "a GIF picture"),
        ("a.psd", b"8BPS\0\x01", "a Photoshop document"),
        ("a.jxl", b"\xff\x0a\xfa", "a JPEG XL picture"),
        ("a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
        ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        ("a.cr3", ftyp("crx "), r"a raw file of a Canon camera \(CR3\)"),
        ("a.raf", b"FUJIFILMCCD-RAW 0201", "a raw file of a Fujifilm camera"),
        ("a.orf", b"IIRO\x08\0", "a raw file of an Olympus camera"),
        ("a.rw2", b"IIU\0\x18", "a raw file of a Panasonic camera"),
        ("a.mov", bytes(4096), r"nothing that can be recognised, .* \.mov"),
        ("a.docx", b"hello", "a type that is not taken"),
        ("a.txt", b"10:30 Opening\n11:00 Coffee\n", "only captions .* no line .* has a time"),
        ("a.txt", b"%PDF-1.7", "only captions are taken, but it is a PDF document"),
        ("a.xml", b"<?xml version='1.0'?><rss/>", "root element is <rss>, not <tt>"),
        ("a.ttml", b"<!-- <tt> --><html>", "root element is <html>, not <tt>"),
        ("a", b"hello", "a type that is not taken"),
        ("a.mp4", b"\xff\xd8\xff\xe0", r"holds a photo \(image/jpeg\).* \.mp4"),
        ("a.jpg", ftyp("isom"), r"holds a recording \(video/mp4\).* \.jpg"),
        ("a.pdf", b"\xff\xd8\xff\xe0", r"holds a photo .* \.pdf"),
        ("a.html", b"ID3<script>", r"holds a recording .* \.html"),
        ("a.srt", b"Dear editor,\n", "no line at its beginning has a time"),
        ("a.vtt", b"%PDF-1.7", "named as captions, but it is a PDF document"),
        ("a.srt", b"fLaC\0\0\0\x22", "named as captions, but it is audio/flac"),
    ],
)
def test_what_is_refused_with_its_name_and_the_cause(
    filename: str, head: bytes, reason: str
) -> None:
    with pytest.raises(UnsupportedMedia, match=rf"^{filename} .*{reason}.*\.$"):
        sniff(filename, head)


@given(st.binary(max_size=64), st.sampled_from(["a.mp4", "a.jpg", "a.srt", "a", "a.xyz"]))
def test_any_bytes_are_answered(head: bytes, filename: str) -> None:
    try:
        sniffed = sniff(filename, head)
    except UnsupportedMedia as refused:
        sentence = str(refused)
    else:
        sentence = f"{filename} holds {sniffed.media_type}."
    assert sentence.startswith(f"{filename} ")
    assert sentence.endswith(".")
