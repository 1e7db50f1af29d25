"""What became of each file, as users and scripts are told. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from portal.assets.models import AssetState, Kind
from portal.ingest.plan import PlannedFile

ALREADY_IN = "This file was in already."
UNKNOWN = "unknown"
ACKNOWLEDGED = "It was acknowledged, its state is unknown: repeat the command."


@dataclass(frozen=True)
class Report:
    """`hls_path` is a path on the site; None for what there is not.

    `is_known`: else `state` is an old one, because the database went away.
    """

    file: PlannedFile
    state: AssetState
    asset_id: str | None = None
    kind: Kind | None = None
    hls_path: str | None = None
    detail: str | None = None
    is_known: bool = True

    @property
    def is_good(self) -> bool:
        return self.is_known and self.state not in {AssetState.PARTIAL, AssetState.FAILED}

    @property
    def verdict(self) -> str:
        return str(self.state) if self.is_known else UNKNOWN


def summary(reports: Sequence[Report]) -> str:
    """`12 ready, 1 partial, 2 failed.`"""
    counts = Counter(report.verdict for report in reports)
    parts = [
        f"{counts[verdict]} {verdict}" for verdict in (*AssetState, UNKNOWN) if counts[verdict]
    ]
    return f"{', '.join(parts)}." if parts else "There were no files."
