"""The benchmark of media by small recordings: that it measures what it says, not how much it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.bench_media import Scale, drawn, figures, measured
from tests.bench.media_ladders import Way

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.postgres,
    pytest.mark.media,
    pytest.mark.timeout(600),
]

SMALL = Scale(
    width=640,
    height=360,
    ladder_seconds=16,
    lengths_seconds={"4 s": 4, "16 s": 16},
    ladder_rounds=1,
    rounds=1,
)


def test_every_figure_of_small_recordings(tmp_path: Path) -> None:
    found = measured(tmp_path, SMALL)
    by_name = {figure.name: figure for figure in figures(found)}
    assert all(figure.value > 0 for figure in by_name.values() if figure.goal > 0)
    assert by_name["segment starts equal across rungs"].is_ok
    assert by_name["SSIM lost by cascaded scaling"].is_ok
    assert {likeness.rung for likeness in found.ladders.likenesses} == {"360p", "240p"}
    assert all(0.9 < likeness.direct < 1 for likeness in found.ladders.likenesses)
    assert drawn(found).count("<rect ") == len(Way) - 1 + 2 * len(SMALL.lengths_seconds)
