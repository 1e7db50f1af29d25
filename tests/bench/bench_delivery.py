"""Segments per second by each way of delivery, beside a bare sender; playlists and signatures.

Every server has one process, the load is wrk's with one thread and 32 connections, and all rates
are those of one run on one machine.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from portal.assets import repository as assets_repository
from portal.assets import service as assets
from portal.assets.models import Kind, Original, Outcome, Rendition, RenditionKind, Step
from portal.delivery.urls import playlist_path, segment_path
from portal.events import service as events
from portal.ids import new_id
from portal.runtime import Runtime, open_runtime, open_storage
from portal.settings import Settings, load_settings
from portal.storage import keys
from portal.storage.interface import ObjectStore
from portal.storage.s3.bucket import set_up_bucket
from portal.storage.s3.client import open_client
from portal.storage.s3.opening import open_addresses
from tests.bench.reporting import Figure, report
from tests.bench.servers import running_bare, running_portal
from tests.e2e.processes import Installation
from tests.nginx import running_nginx
from tests.segment_names import segment_files
from tests.versitygw import ACCESS_KEY, SECRET_KEY, running_gateway

SEGMENTS = 900
SEGMENT_BYTES = 150_000
ATTEMPT = 1
NAME = "360p"
BUCKET = "bench-media"
LOAD_SECONDS = 4
PLAYLIST_ROUNDS = 200
SIGNING_ROUNDS = 20


@dataclass(frozen=True)
class Recording:
    """The addresses of one that is public."""

    asset_id: str

    @property
    def segment(self) -> str:
        return segment_path(self.asset_id, Step.TRANSCODE, ATTEMPT, NAME, "00001.m4s")

    @property
    def playlist(self) -> str:
        return playlist_path(self.asset_id, NAME)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as name:
        folder = Path(name)
        with running_gateway(folder / "store") as gateway:
            figures = measured(folder, store_url=gateway.url)
    return report("delivery", figures)


def measured(folder: Path, *, store_url: str) -> list[Figure]:
    local = Installation(folder / "data")
    store = store_settings(folder / "data", store_url)
    set_up_bucket(store)
    try:
        recording = put_recording(local.settings, folder, also_in=open_storage(store).store)
        with running_portal(local) as port:
            playlist_ms = milliseconds(partial(fetched, port, recording.playlist), PLAYLIST_ROUNDS)
        rates = segment_rates(folder, recording, store_url=store_url)
    finally:
        local.end()
    return [
        Figure("playlist of 900 segments", playlist_ms, "ms", 5, is_ceiling=True),
        *signing_figures(store, recording),
        *rate_figures(rates),
    ]


# --- signing ---------------------------------------------------------------------------------


def signing_figures(settings: Settings, recording: Recording) -> list[Figure]:
    """900 addresses, by hand and by botocore, in a minute in which nothing was signed before."""
    names = [f"{NAME}/{number:05d}.m4s" for number in range(1, SEGMENTS + 1)]
    wanted = [keys.result(recording.asset_id, Step.TRANSCODE, ATTEMPT, name) for name in names]
    client = open_client(settings)
    answer_headers = {"Content-Type": "video/iso.segment", "Cache-Control": "public, max-age=300"}

    def by_hand() -> None:
        addresses = open_addresses(settings, url=settings.s3_endpoint_url)
        for key in wanted:
            addresses.object_address(key, answer_headers=answer_headers)

    def by_botocore() -> None:
        for key in wanted:
            parameters = {
                "Bucket": BUCKET,
                "Key": key,
                "ResponseContentType": "video/iso.segment",
                "ResponseCacheControl": "public, max-age=300",
            }
            client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=300)

    ours = milliseconds(by_hand, SIGNING_ROUNDS, clock=time.process_time)
    theirs = milliseconds(by_botocore, 3, clock=time.process_time)
    return [
        Figure("900 signed addresses", ours, "ms", 5, is_ceiling=True),
        Figure("signing, of botocore's speed", theirs / ours, "times", 20),
    ]


def milliseconds(
    work: Callable[[], object], rounds: int, *, clock: Callable[[], float] = time.perf_counter
) -> float:
    """The median; by the processor's clock where nothing is waited for."""
    work()
    taken = []
    for _ in range(rounds):
        started_at = clock()
        work()
        taken.append(clock() - started_at)
    return median(taken) * 1000


# --- rates -----------------------------------------------------------------------------------


def segment_rates(folder: Path, recording: Recording, *, store_url: str) -> Mapping[str, float]:
    rates = {}
    objects = folder / "data" / "objects"
    store = store_variables(store_url)
    variables = {"BARE_SENDER_FILE": str(folder / "segment")}
    with running_bare("tests.bench.bare_sender:send_segment", variables=variables) as port:
        rates["bare sender"] = rate(port, "/")
    with running_portal(Installation(folder / "data")) as port:
        rates["portal"] = rate(port, recording.segment)
    with running_portal(
        Installation(folder / "data", {**store, "PORTAL_DELIVERY": "portal"})
    ) as port:
        rates["portal, from a store"] = rate(port, recording.segment)
    with running_portal(Installation(folder / "data", store)) as port:
        rates["redirect"] = rate(port, recording.segment)
    with (
        running_portal(Installation(folder / "data", {"PORTAL_DELIVERY": "nginx"})) as port,
        running_nginx(folder / "nginx-local", portal_port=port, objects=objects) as nginx,
    ):
        rates["nginx"] = rate(nginx.port, recording.segment)
    with running_portal(
        Installation(folder / "data", {**store, "PORTAL_DELIVERY": "nginx"})
    ) as port:
        for name, keeps in {"nginx, from a store": False, "nginx, from what it kept": True}.items():
            with running_nginx(
                folder / f"nginx-{keeps}",
                portal_port=port,
                store=store_url,
                bucket=BUCKET,
                caches_media=keeps,
            ) as nginx:
                rates[name] = rate(nginx.port, recording.segment)
    return rates


def rate_figures(rates: Mapping[str, float]) -> list[Figure]:
    bare, sent = rates["bare sender"], rates["portal"]
    return [
        *(Figure(f"segments: {name}", value, "per second", 0) for name, value in rates.items()),
        Figure("segments through the portal, of a bare sender's", sent / bare, "times", 0.1),
        Figure("redirects, of segments through the portal", rates["redirect"] / sent, "times", 1),
        Figure("nginx, of segments through the portal", rates["nginx"] / sent, "times", 1),
    ]


def rate(port: int, path: str) -> float:
    """Answers per second; all must be good ones."""
    status = fetched(port, path)
    assert status in {200, 302}, status
    argv = ["wrk", "-t1", "-c32", f"-d{LOAD_SECONDS}s", f"http://127.0.0.1:{port}{path}"]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in said, said
    found = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    assert found is not None, said
    return float(found[1])


def fetched(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


# --- what is served, and by whom -------------------------------------------------------------


def store_variables(store_url: str) -> dict[str, str]:
    return {
        "PORTAL_S3_ENDPOINT_URL": store_url,
        "PORTAL_S3_BUCKET": BUCKET,
        "PORTAL_S3_ACCESS_KEY": ACCESS_KEY,
        "PORTAL_S3_SECRET_KEY": SECRET_KEY,
    }


def store_settings(data: Path, store_url: str) -> Settings:
    return load_settings({**store_variables(store_url), "PORTAL_DATA_DIR": str(data)})


def put_recording(settings: Settings, folder: Path, *, also_in: ObjectStore) -> Recording:
    """Of an hour; only its first segment has bytes, in the local folder and in the store."""
    segment = folder / "segment"
    segment.write_bytes(os.urandom(SEGMENT_BYTES))
    with open_runtime(settings) as runtime:
        recording = Recording(_add_asset(runtime))
        key = keys.result(recording.asset_id, Step.TRANSCODE, ATTEMPT, f"{NAME}/00001.m4s")
        for store in (runtime.store, also_in):
            store.put_file(key, segment, media_type="video/iso.segment")
    return recording


def _add_asset(runtime: Runtime) -> str:
    asset_id = new_id()
    with runtime.engine.begin() as connection:
        event_id = events.ensure_event(connection, "bench").id
        assets.add_asset(
            connection,
            asset_id=asset_id,
            event_id=event_id,
            kind=Kind.VIDEO,
            filename="hour.mp4",
            original=Original(keys.original(asset_id), 1, "video/mp4", None, None),
            title={"en": "An hour"},
            caption={},
            language="en",
            programme_item_id=None,
            person_ids=[],
        )
        assets_repository.mark_verified(connection, asset_id, sha256="0" * 64)
        events.publish(connection, "bench")
        attempt = assets.begin_attempt(connection, asset_id, Step.TRANSCODE)
        assert attempt is not None
        assert attempt.number == ATTEMPT
        assets.publish_renditions(connection, attempt, [_rendition(asset_id)])
        assets.finish_attempt(connection, attempt, outcome=Outcome.DONE)
    return asset_id


def _rendition(asset_id: str) -> Rendition:
    return Rendition(
        name=NAME,
        step=Step.TRANSCODE,
        attempt=ATTEMPT,
        kind=RenditionKind.VIDEO,
        key=f"{keys.attempt_prefix(asset_id, Step.TRANSCODE, ATTEMPT)}{NAME}/",
        media_type="application/vnd.apple.mpegurl",
        size_bytes=SEGMENTS * SEGMENT_BYTES,
        sha256="0" * 64,
        width=640,
        height=360,
        frame_rate=25.0,
        bandwidth_bps=400_000,
        average_bandwidth_bps=300_000,
        codecs="avc1.64001e",
        segment_files=segment_files(SEGMENTS),
        segment_seconds=(4.0,) * SEGMENTS,
    )


if __name__ == "__main__":
    sys.exit(main())
