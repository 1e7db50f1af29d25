"""Addresses of parts: what was signed is let in until it expires, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from portal.uploads.part_addresses import PartAddress, new_key, read_address, signed_query

KEY = new_key()
ADDRESS = PartAddress(upload_id="a" * 26, number=3, sha256="0f" * 32, expires_at=1000)


def read(
    query: str, address: PartAddress = ADDRESS, *, key: bytes = KEY, now: float = 999.0
) -> object:
    return read_address(
        dict(parse_qsl(query)), upload_id=address.upload_id, number=address.number, key=key, now=now
    )


def test_what_was_signed_is_read_until_it_expires() -> None:
    query = signed_query(ADDRESS, key=KEY)
    assert read(query, now=1000.0) == ADDRESS
    assert read(query, now=1000.1) is None


def test_it_is_good_for_one_part_of_one_upload() -> None:
    query = signed_query(ADDRESS, key=KEY)
    assert read(query, replace(ADDRESS, number=30)) is None
    assert read(query, replace(ADDRESS, upload_id="b" * 26)) is None
    assert read(query, key=new_key()) is None


@given(st.data())
def test_no_change_of_a_letter_goes_unnoticed(data: st.DataObject) -> None:
    query = signed_query(ADDRESS, key=KEY)
    at = data.draw(st.integers(0, len(query) - 1))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    changed = query[:at] + letter + query[at + 1 :]
    assert read(changed) in ({ADDRESS, None} if changed == query else {None})


@given(st.dictionaries(st.sampled_from(["sha256", "expires", "signature"]), st.text()))
def test_anything_else_is_refused_without_a_fault(parameters: dict[str, str]) -> None:
    assert read_address(parameters, upload_id="a" * 26, number=1, key=KEY, now=0.0) is None
