"""The characters of CEA-608: ASCII with exceptions, and two further sets for Western Europe."""

from __future__ import annotations

from collections.abc import Mapping

_EXCEPTIONS = str.maketrans("'*\\^_`{|}~\x7f", "’áéíóúç÷Ññ█")
_SPECIAL = "®°½¿™¢£♪à èâêîôû"
_EXTENDED: Mapping[int, str] = {
    0x12: "ÁÉÓÚÜü‘¡*'—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»",
    0x13: "ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤│ÅåØø┌┐└┘",
}


def basic(code: int) -> str:
    """One of the two characters of a pair; "" for what is none."""
    return chr(code).translate(_EXCEPTIONS) if code >= 0x20 else ""


def special(code: int) -> str:
    return _SPECIAL[code - 0x30]


def extended(charset: int, code: int) -> str:
    """It replaces the plainer character that was sent before it, for old receivers."""
    return _EXTENDED[charset][code - 0x20]
