"""What Pillow and its plug-ins raise on damaged pictures; the list grew out of real files."""

from __future__ import annotations

import struct

DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    EOFError,
    struct.error,
)
