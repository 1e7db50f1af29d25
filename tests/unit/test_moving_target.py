"""The file of the new installation's settings: read as all read it, or not at all."""

from __future__ import annotations

import pytest

from portal.errors import SettingsError
from portal.moving.target import read_variables

LINES = """
# the parts
PORTAL_BARE=postgresql://portal@db/portal?sslmode=require&a=b#c
 PORTAL_SINGLE='pa$$ "word" \\ # no comment'
PORTAL_DOUBLE="c=d e"
PORTAL_EMPTY=
PORTAL_QUOTED_EMPTY=''
PATH=/bin
PORTAL_BARE_TOO=x
"""


def test_a_value_stands_bare_or_in_quotes() -> None:
    assert read_variables(LINES) == {
        "PORTAL_BARE": "postgresql://portal@db/portal?sslmode=require&a=b#c",
        "PORTAL_SINGLE": 'pa$$ "word" \\ # no comment',
        "PORTAL_DOUBLE": "c=d e",
        "PORTAL_EMPTY": "",
        "PORTAL_QUOTED_EMPTY": "",
        "PORTAL_BARE_TOO": "x",
    }


@pytest.mark.parametrize(
    "line",
    [
        "PORTAL_A=b # a comment",
        "PORTAL_A=#b",
        "PORTAL_A='b' # a comment",
        "PORTAL_A=b c",
        "PORTAL_A= b",
        "PORTAL_A = b",
        "PORTAL_A=it's",
        "PORTAL_A='it''s'",
        "PORTAL_A='b",
        'PORTAL_A="b',
        'PORTAL_A="$b"',
        "PORTAL_A=$b",
        'PORTAL_A="b\\n"',
        "PORTAL_A=b\\",
        "PATH=b\\",
        "export PORTAL_A=b",
        "; a comment of some",
    ],
)
def test_what_others_read_in_two_ways_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(SettingsError, match="Line 2"):
        read_variables(f"PORTAL_B=b\n{line}\n")
