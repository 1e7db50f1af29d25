"""A short run of the fault driver; the long one is `python -m tests.e2e.fault_driver`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.fault_driver import Plan, drive

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.postgres,
    pytest.mark.media,
    pytest.mark.timeout(600),
]


def test_no_fault_loses_or_doubles_a_file(tmp_path: Path, database_url: str) -> None:
    report = drive(Plan(faults=30, seed=4), tmp_path, database_url, tell=lambda _: None)
    print("\n".join(report.lines()))  # noqa: T201 - shown when it fails, or by -s
    assert report.problems == []
    assert report.findings.lost == report.findings.doubled == 0
    assert sum(report.faults.values()) >= 30
    assert report.files > 5
