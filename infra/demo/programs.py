"""Runs the programs that make material; a failure says what the program said."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence


class ProgramError(Exception):
    """`str(error)` is a full sentence for the person at the terminal."""


def run(argv: Sequence[str], *, stdin: str = "") -> None:
    """Run our own fixed command lines; nothing foreign is ever read by them.

    Raises ProgramError.
    """
    try:
        subprocess.run(argv, input=stdin, text=True, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise ProgramError(f"{argv[0]} is not installed; run make setup.") from error
    except subprocess.CalledProcessError as error:
        last_line = (error.stderr.strip().splitlines() or ["without a word"])[-1]
        raise ProgramError(f"{argv[0]} failed: {last_line}") from error
