"""What became of a form's files goes through an address and comes back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.desk.files.report import PACKED_LENGTH_MAX, FormReport, Refused, pack, unpack

NAMES = st.text(max_size=80)
REPORTS = st.builds(
    FormReport,
    taken=st.lists(NAMES, max_size=3).map(tuple),
    known=st.lists(NAMES, max_size=3).map(tuple),
    refused=st.lists(st.builds(Refused, NAMES, NAMES), max_size=3).map(tuple),
)


@given(REPORTS)
def test_it_comes_back_as_it_was(report: FormReport) -> None:
    assert unpack(pack(report, secret="a"), secret="a") == report
    assert unpack(pack(report, secret="a"), secret="b") is None


@given(st.text(max_size=60))
def test_anything_else_is_nothing(packed: str) -> None:
    assert unpack(packed, secret="a") is None


def test_a_long_one_fits_into_an_address_and_names_refusals_first() -> None:
    names = tuple(f"{number:x}" * 20 for number in range(10**9, 10**9 + 300))
    report = FormReport(taken=names, refused=(Refused("bad.exe", "It is a program."),))
    packed = pack(report, secret="a")
    found = unpack(packed, secret="a")
    assert len(packed) <= PACKED_LENGTH_MAX
    assert found is not None
    assert found.refused == report.refused
    assert len(found.taken) + found.unnamed == len(names)
