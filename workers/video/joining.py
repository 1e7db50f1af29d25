"""The renditions that the chunks of a picture are together: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Self

from portal.assets.models import Asset, Rendition, RenditionKind, Step
from portal.errors import NotSplittable
from workers.hls.pieces import Piece, Shape, rendition_of
from workers.run import StepResult
from workers.video.ladder import Rung


@dataclass(frozen=True)
class Part:
    """What a chunk has made of one rung: the frames from `first_frame` on."""

    rung: Rung
    frame_rate: float
    first_frame: int
    piece: Piece

    @property
    def end_frame(self) -> int:
        return self.first_frame + self.piece.sample_count

    def to_json(self) -> Mapping[str, object]:
        return {**asdict(self), "piece": self.piece.to_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_json` gave, read back from the database."""
        own = {"rung": Rung(**stored["rung"]), "piece": Piece.from_json(stored["piece"])}
        return cls(**{**stored, **own})


def result_of(parts: Sequence[Part]) -> Mapping[str, object]:
    """What a chunk gives back, as JSON."""
    return {"parts": [part.to_json() for part in parts]}


def join_chunks(asset: Asset, attempt: int, results: Sequence[Mapping[str, Any]]) -> StepResult:
    """The renditions of all rungs, largest first. Raises NotSplittable when parts do not fit."""
    stored = chain.from_iterable(result["parts"] for result in results)
    parts = sorted(map(Part.from_json, stored), key=lambda part: part.first_frame)
    rungs = sorted({part.rung for part in parts}, key=lambda rung: -rung.width * rung.height)
    by_rung = {rung: [part for part in parts if part.rung == rung] for rung in rungs}
    _require_equal_ends(by_rung)
    return StepResult(
        renditions=tuple(_joined(asset, attempt, of_rung) for of_rung in by_rung.values())
    )


def _joined(asset: Asset, attempt: int, parts: Sequence[Part]) -> Rendition:
    first = parts[0]
    frame = 0
    for part in parts:
        if part.first_frame != frame or part.piece.init_sha256 != first.piece.init_sha256:
            raise NotSplittable(f"The chunks of {asset.filename} do not fit together.")
        frame = part.end_frame
    rung = first.rung
    shape = Shape(
        name=rung.name,
        kind=RenditionKind.VIDEO,
        width=rung.width,
        height=rung.height,
        frame_rate=first.frame_rate,
    )
    pieces = [part.piece for part in parts]
    return rendition_of(pieces, shape, asset_id=asset.id, step=Step.TRANSCODE, attempt=attempt)


def _require_equal_ends(by_rung: Mapping[Rung, Sequence[Part]]) -> None:
    if len({parts[-1].end_frame for parts in by_rung.values()}) > 1:
        raise NotSplittable("The rungs of a recording do not end at the same frame.")
