"""Odd, damaged and hostile recordings end as something correct, something partial, or refused.

Nothing is lost in silence: what is made decodes whole, and plays as long as it should.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portal.assets import service as assets
from portal.assets.durations import playing_seconds
from portal.assets.models import Asset, RenditionKind
from portal.runtime import Runtime, open_runtime
from portal.visibility import INSTALLATION
from tests.e2e.processes import PROJECT, Installation
from tests.e2e.test_outside_parts import run
from tests.odd_media import CATALOGUE, FAILED, Odd
from tests.step_runs import Bench, decode_all
from workers.sandbox import Level, Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.media, pytest.mark.timeout(1200)]

TOLERANCE_SECONDS = 0.5
HLS = frozenset({RenditionKind.VIDEO, RenditionKind.AUDIO})
DOCUMENT = PROJECT / "docs" / "media.md"


@dataclass(frozen=True)
class Outcome:
    """What `ingest` said of a file, and what the portal has made of it."""

    state: str
    detail: str
    asset: Asset | None


@dataclass(frozen=True)
class TakenIn:
    runtime: Runtime
    outcomes: Mapping[str, Outcome]


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TakenIn]:
    """The whole list at once, by one command, as an editor would."""
    folder = tmp_path_factory.mktemp("odd")
    material = folder / "material"
    material.mkdir()
    for odd in CATALOGUE:
        odd.make(material / odd.name)
    machine = Installation(folder / "data")
    done = run(machine, "ingest", material, "--event", "odd", "--wait", "--json")
    assert done.returncode == 1, done.stderr  # some are refused
    said = [json.loads(line) for line in done.stdout.splitlines()]
    with opened(machine) as runtime:
        yield TakenIn(runtime, {Path(row["path"]).name: outcome(runtime, row) for row in said})


@contextmanager
def opened(machine: Installation) -> Iterator[Runtime]:
    try:
        with open_runtime(machine.settings) as runtime:
            yield runtime
    finally:
        machine.end()


def outcome(runtime: Runtime, row: Mapping[str, Any]) -> Outcome:
    asset = None
    if row["asset_id"] is not None:
        with runtime.engine.connect() as connection:
            asset = assets.get_asset(connection, row["asset_id"], viewer=INSTALLATION)
    return Outcome(row["state"], row["detail"] or "", asset)


@pytest.mark.parametrize("odd", CATALOGUE, ids=lambda odd: odd.name)
def test_it_ends_as_it_should(taken_in: TakenIn, odd: Odd) -> None:
    ended = taken_in.outcomes[odd.name]
    assert (ended.state, odd.says in ended.detail) == (odd.state, True), ended.detail
    if odd.state == FAILED:
        assert odd.name in ended.detail, "the sentence must name the file"


@pytest.mark.parametrize(
    "odd", [odd for odd in CATALOGUE if odd.state != FAILED], ids=lambda odd: odd.name
)
def test_what_is_made_decodes_and_lasts(taken_in: TakenIn, odd: Odd, tmp_path: Path) -> None:
    asset = taken_in.outcomes[odd.name].asset
    assert asset is not None
    made = [rendition for rendition in asset.renditions if rendition.kind in HLS]
    assert made
    bench = Bench(taken_in.runtime, Sandbox(Level.PLAIN), tmp_path)
    decode_all(bench.download(made))
    lengths = [sum(rendition.segment_seconds or ()) for rendition in made]
    assert max(lengths) - min(lengths) <= odd.apart_seconds + TOLERANCE_SECONDS
    if odd.seconds is not None:
        assert playing_seconds(asset) == pytest.approx(odd.seconds, abs=TOLERANCE_SECONDS)


def test_the_table_of_the_documentation_is_true(taken_in: TakenIn) -> None:
    table = "\n".join(
        f"| `{odd.name}` | {odd.what} | {_said(taken_in.outcomes[odd.name])} |" for odd in CATALOGUE
    )
    print(table)  # noqa: T201 - it is copied from here
    assert table in DOCUMENT.read_text(encoding="utf-8")


def _said(ended: Outcome) -> str:
    return f"{ended.state}: {ended.detail}" if ended.detail else ended.state
