"""Recordings with CEA-608 in their picture, as broadcasts have it: ffmpeg cannot write captions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.media import make_clip, run_ffmpeg

RATE = 25
CLIP_SECONDS = 4
CLEAR, RESUME, ERASE_HIDDEN, SHOW = 0x2C, 0x20, 0x2E, 0x2F
ROLL_UP_2, CARRIAGE_RETURN = 0x25, 0x2D
_ROW_15, _ROW_14 = (0x14, 0x70), (0x14, 0x50)
_ACCESS_UNIT = re.compile(rb"(?=\x00\x00\x00\x01\x09)")
_SEI, _USER_DATA = 6, 4
_PICTURE, _FIRST_SLICE = b"\0\0\1\0", b"\0\0\1\x01"

Codes = tuple[int, int]


@dataclass(frozen=True)
class Caption:
    """Up to two lines, shown from one second to another."""

    start_seconds: float
    end_seconds: float
    text: str


def pop_on(captions: Sequence[Caption]) -> Mapping[int, list[Codes]]:
    """{frame: pairs}: each caption is written unseen before it is shown."""
    sent: dict[int, list[Codes]] = {}
    for caption in captions:
        pairs = [*_control(RESUME), *_control(ERASE_HIDDEN)]
        lines = caption.text.split("\n")
        for place, line in zip((_ROW_14, _ROW_15)[-len(lines) :], lines, strict=True):
            pairs += [place, place, *_letters(line)]
        start = round(caption.start_seconds * RATE)
        for frame, pair in zip(range(start - len(pairs), start), pairs, strict=True):
            sent.setdefault(frame, []).append(pair)
        sent.setdefault(start, []).extend(_control(SHOW))
        sent.setdefault(round(caption.end_seconds * RATE), []).extend(_control(CLEAR))
    return sent


def roll_up(lines: Sequence[tuple[float, str]]) -> Mapping[int, list[Codes]]:
    """{frame: pairs}: each line is written from its second on, under the one before."""
    sent: dict[int, list[Codes]] = {}
    for start_seconds, line in lines:
        pairs = [*_control(ROLL_UP_2), *_control(CARRIAGE_RETURN), _ROW_15, *_letters(line)]
        for offset, pair in enumerate(pairs):
            sent.setdefault(round(start_seconds * RATE) + offset, []).append(pair)
    return sent


def make_captioned_clip(
    path: Path,
    sent: Mapping[int, Sequence[Codes]],
    *,
    seconds: float = CLIP_SECONDS,
    options: tuple[str, ...] = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2"),
) -> Path:
    """A clip whose frames carry the pairs; encoded anew, as a broadcast is on its way."""
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-x264-params", "aud=1")
    marked = _marked(path, seconds, (*coding, "-f", "h264"), partial(_with_sei, sent=sent))
    run_ffmpeg("-r", str(RATE), "-i", str(marked), *options, str(path))
    return path


def make_captioned_mpeg2(
    path: Path, sent: Mapping[int, Sequence[Codes]], *, seconds: float = CLIP_SECONDS
) -> Path:
    """The same in MPEG-2, where user data has a start code of its own."""
    coding = ("-c:v", "mpeg2video", "-bf", "0", "-f", "mpeg2video")
    marked = _marked(path, seconds, coding, partial(_with_start_codes, sent=sent))
    run_ffmpeg("-f", "mpegvideo", "-r", str(RATE), "-i", str(marked), "-c", "copy", str(path))
    return path


def _marked(
    path: Path,
    seconds: float,
    coding: tuple[str, ...],
    mark: Callable[[bytes], Iterator[bytes]],
) -> Path:
    plain, marked = path.with_suffix(".plain"), path.with_suffix(".marked")
    make_clip(plain, seconds=seconds, sound=False, rate=str(RATE), options=coding)
    marked.write_bytes(b"".join(mark(plain.read_bytes())))
    return marked


def user_data(pairs: Sequence[Codes]) -> bytes:
    """What ATSC A/53 puts into user data, without the country and provider before it."""
    triplets = b"".join(bytes((0xFC, _odd(first), _odd(second))) for first, second in pairs)
    return b"GA94\x03" + bytes((0xC0 | len(pairs), 0xFF)) + triplets + b"\xff"


def _with_sei(stream: bytes, *, sent: Mapping[int, Sequence[Codes]]) -> Iterator[bytes]:
    units = [unit for unit in _ACCESS_UNIT.split(stream) if unit]
    for frame, unit in enumerate(units):
        payload = b"\xb5\0\x31" + user_data(sent.get(frame, ()))
        message = bytes((_USER_DATA, len(payload))) + payload + b"\x80"
        delimiter, rest = unit[:6], unit[6:]  # a start code, its kind, the types of slices
        yield delimiter + b"\0\0\0\1" + bytes((_SEI,)) + message + rest


def _with_start_codes(stream: bytes, *, sent: Mapping[int, Sequence[Codes]]) -> Iterator[bytes]:
    head, *pictures = stream.split(_PICTURE)
    yield head
    for frame, picture in enumerate(pictures):
        before, slice_code, slices = picture.partition(_FIRST_SLICE)
        yield _PICTURE + before + b"\0\0\1\xb2" + user_data(sent.get(frame, ()))
        yield slice_code + slices


def _control(code: int) -> list[Codes]:
    return [(0x14, code)] * 2


def _letters(text: str) -> list[Codes]:
    codes = [ord(letter) for letter in text] + [0] * (len(text) % 2)
    return list(zip(codes[::2], codes[1::2], strict=True))


def _odd(code: int) -> int:
    """With the parity bit that receivers check."""
    return code | (0 if code.bit_count() % 2 else 0x80)
