"""How many encodes run at once: as many as the machine bears, however many processes share them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.encodes import ENCODE_BYTES, bearable_encodes, encodes_at_once, shares
from portal.settings import Settings


@pytest.mark.parametrize(
    ("cores", "gibibytes", "lines", "encodes"),
    [
        (8, 64, 1080, 8),
        (8, 4, 1080, 4),
        (8, 4, 360, 4),
        (8, 4, 2160, 2),
        (1, 64, 1080, 1),
        (2, 0, 1080, 1),
    ],
)
def test_an_encode_needs_a_core_and_memory(
    cores: int, gibibytes: int, lines: int, encodes: int
) -> None:
    memory_bytes = gibibytes * ENCODE_BYTES
    assert bearable_encodes(cores=cores, memory_bytes=memory_bytes, lines=lines) == encodes


def test_what_is_set_goes_before_what_the_machine_has() -> None:
    assert encodes_at_once(Settings(encodes_max=1000)) == 1000
    assert encodes_at_once(Settings()) >= 1


@given(encodes=st.integers(1, 256), processes=st.integers(0, 64))
def test_processes_share_what_the_machine_bears(encodes: int, processes: int) -> None:
    found = shares(encodes, processes=processes)
    assert len(found) == processes
    assert all(share >= 1 for share in found)
    if processes:
        assert sum(found) == max(encodes, processes)
        assert max(found) - min(found) <= 1
