"""What became of each file, as users and scripts are told. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from portal.assets.models import AssetState, Kind
from portal.ingest.plan import PlannedFile

ALREADY_IN = "This file was in already."


@dataclass(frozen=True)
class Report:
    """`hls_path` and `page_path` are paths on the site; None for what there is not."""

    file: PlannedFile
    state: AssetState
    asset_id: str | None = None
    kind: Kind | None = None
    hls_path: str | None = None
    detail: str | None = None

    @property
    def is_good(self) -> bool:
        return self.state not in {AssetState.PARTIAL, AssetState.FAILED}


def summary(reports: Sequence[Report]) -> str:
    """`12 ready, 1 partial, 2 failed.`"""
    counts = Counter(report.state for report in reports)
    parts = [f"{counts[state]} {state}" for state in AssetState if counts[state]]
    return f"{', '.join(parts)}." if parts else "There were no files."
