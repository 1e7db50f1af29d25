"""Gauges that are looked up whenever somebody asks; a look that hangs is left out of the answer."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from portal.disk_use import taken_bytes
from portal.metrics.models import Counts
from portal.metrics.probe import Probe
from portal.search.engines.interface import EngineStatus
from portal.settings import Settings

LOOK_SECONDS_MAX = 3.0
"""Prometheus itself gives a scrape 10 s."""
LEFT_SECONDS_MIN = 0.5
"""What the second of two looks has when the first one took all the time."""


class Parts(Collector):
    """What the database tells, and whether it and the search answer."""

    def __init__(self, *, counts: Callable[[], Counts], search: Callable[[], EngineStatus]) -> None:
        self._counts = Probe(counts)
        self._search = Probe(search)

    def collect(self) -> Iterator[Metric]:
        deadline = time.monotonic() + LOOK_SECONDS_MAX
        counts = self._counts.take(within_seconds=LOOK_SECONDS_MAX)
        status = self._search.take(
            within_seconds=max(LEFT_SECONDS_MIN, deadline - time.monotonic())
        )
        yield _gauge("portal_database_up", "1 when the database answers in time.", counts)
        yield _gauge("portal_search_up", "1 when the search engine answers in time.", status)
        if status is not None:
            yield GaugeMetricFamily(
                "portal_search_documents", "Documents in the index.", value=status.document_count
            )
        if counts is not None:
            yield from families_of(counts)


class Machine(Collector):
    """What is local to the exporter: its version and the disk of the data folder."""

    def __init__(self, settings: Settings) -> None:
        self._free_bytes = Probe(lambda: shutil.disk_usage(settings.data_path).free)
        self._scratch_bytes = Probe(lambda: taken_bytes(settings.scratch_path))

    def collect(self) -> Iterator[Metric]:
        labels = {"version": version("press-portal")}
        yield InfoMetricFamily("portal_build", "What runs here.", value=labels)
        deadline = time.monotonic() + LOOK_SECONDS_MAX
        free_bytes = self._free_bytes.take(within_seconds=LOOK_SECONDS_MAX)
        left_seconds = max(LEFT_SECONDS_MIN, deadline - time.monotonic())
        scratch_bytes = self._scratch_bytes.take(within_seconds=left_seconds)
        if free_bytes is not None:
            yield GaugeMetricFamily(
                "portal_disk_free_bytes", "Free on the disk of the data folder.", value=free_bytes
            )
        if scratch_bytes is not None:
            yield GaugeMetricFamily(
                "portal_scratch_bytes",
                "Taken by files under work on this machine.",
                value=scratch_bytes,
            )


def families_of(counts: Counts) -> Iterator[Metric]:
    """What the database tells, as Prometheus has it."""
    yield _family(
        "portal_jobs",
        "Jobs by lane: due and waiting, paused until their next try, running.",
        ["lane", "state"],
        [
            ([lane.lane, state], count)
            for lane in counts.lanes
            for state, count in (
                ("waiting", lane.waiting),
                ("paused", lane.paused),
                ("running", lane.running),
            )
        ],
    )
    yield _family(
        "portal_oldest_job_seconds",
        "How long the oldest due job of a lane has waited.",
        ["lane"],
        [([lane.lane], lane.oldest_seconds) for lane in counts.lanes],
    )
    yield GaugeMetricFamily(
        "portal_search_lag_seconds",
        "Since when the oldest change waits that search does not show yet.",
        value=counts.index_lag_seconds,
    )
    yield _family(
        "portal_assets",
        "Assets by kind and state.",
        ["kind", "state"],
        [([asset.kind, asset.state], asset.count) for asset in counts.assets],
    )
    yield _family(
        "portal_uploads",
        "Uploads under way, by state.",
        ["state"],
        [([upload.state], upload.count) for upload in counts.uploads],
    )
    yield _family(
        "portal_upload_bytes",
        "Sizes of the files of uploads under way, by state.",
        ["state"],
        [([upload.state], upload.size_bytes) for upload in counts.uploads],
    )
    yield from _worker_families(counts)


def _worker_families(counts: Counts) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "portal_worker_lanes",
        "Lanes that some living worker serves, each counted once per worker.",
        value=counts.workers.lanes,
    )
    if counts.workers.silent_seconds is not None:
        yield GaugeMetricFamily(
            "portal_worker_silent_seconds",
            "Time since the latest sign of life of any worker.",
            value=counts.workers.silent_seconds,
        )


def _gauge(name: str, documentation: str, seen: object) -> Metric:
    return GaugeMetricFamily(name, documentation, value=0 if seen is None else 1)


def _family(
    name: str,
    documentation: str,
    labels: Sequence[str],
    samples: Iterable[tuple[Sequence[str], float]],
) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family
