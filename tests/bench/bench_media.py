"""How fast a recording can be played, and is whole, beside the peers' own command lines.

The peers are bare ffmpeg processes, one after the other, as their programs start them. The portal
is measured as it runs, with its database, its queue, its sandbox and its store, and with all else
that it makes meanwhile: preview, sound, loudness, poster, checksum. Ladders are made in turns and
the quickest of each counts; of the times until something plays, the median.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench.media_clips import ClipKind, Clips
from tests.bench.media_graph import Bars, graph
from tests.bench.media_ladders import Ladders, Way, ladders
from tests.bench.media_peers import PEERTUBE_BITS_PER_PIXEL
from tests.bench.media_portal import Portal, running_portal
from tests.bench.reporting import DOCUMENT, Figure, report

GRAPH = DOCUMENT.parent / "images" / "bench-media.svg"
BELOW = f"""![Seconds until recordings are whole, and until they play](images/{GRAPH.name})

The picture is a fractal under noise, 1920×1080 at 30 frames per second and 7.7 Mbit/s, which costs
an encoder more than people who talk. The peers' command lines are in `tests/bench/media_peers.py`;
the portal's times are those of `portal serve`, with all else that it does to a recording."""
PLAYABLE_SECONDS_MAX = {ClipKind.OTHER: 2.0, ClipKind.COMPLIANT: 0.7}

PlayableSeconds = Mapping[ClipKind, Mapping[str, float]]
"""By the names of lengths, shortest first."""


@dataclass(frozen=True)
class Scale:
    """How large the recordings are, how long, and how often each is taken in."""

    width: int = 1920
    height: int = 1080
    ladder_seconds: int = 40
    lengths_seconds: Mapping[str, int] = field(
        default_factory=lambda: {"10 s": 10, "10 min": 600, "60 min": 3600}
    )
    ladder_rounds: int = 2
    rounds: int = 3


@dataclass(frozen=True)
class Measured:
    ladders: Ladders
    playable_seconds: PlayableSeconds


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as name:
        found = measured(Path(name), Scale())
    GRAPH.write_text(drawn(found), encoding="utf-8")
    return report("media", figures(found), below=BELOW)


def measured(folder: Path, scale: Scale) -> Measured:
    clips = Clips(folder, scale.width, scale.height, base_seconds=scale.ladder_seconds)
    clips.make_base()
    with running_portal(folder) as portal:
        times = {kind: playable_seconds(portal, clips, scale, kind) for kind in ClipKind}
        whole = ladders(
            portal,
            {kind: clips.of(kind, seconds=scale.ladder_seconds) for kind in ClipKind},
            folder,
            lines=scale.height,
            rounds=scale.ladder_rounds,
        )
    return Measured(whole, times)


def playable_seconds(
    portal: Portal, clips: Clips, scale: Scale, kind: ClipKind
) -> Mapping[str, float]:
    """For each length; each recording is deleted before the next, longer one is made."""
    # Whether a preview is the recording's own picture is seen by its height.
    lines = scale.height if kind is ClipKind.COMPLIANT else min(PEERTUBE_BITS_PER_PIXEL)
    times = {}
    for name, seconds in scale.lengths_seconds.items():
        path = clips.of(kind, seconds=seconds)
        times[name] = median(portal.playable_after(path, lines=lines) for _ in range(scale.rounds))
        path.unlink()
    return times


# --- what is said of it ----------------------------------------------------------------------


def figures(found: Measured) -> list[Figure]:
    lost = max(likeness.lost for likeness in found.ladders.likenesses)
    starts = found.ladders.equal_starts_percent
    return [
        *ladder_figures(found.ladders),
        *(
            figure
            for kind, times in found.playable_seconds.items()
            for figure in playable_figures(kind, times)
        ),
        Figure("SSIM lost by cascaded scaling", 1000 * lost, "thousandths", 2, is_ceiling=True),
        Figure("segment starts equal across rungs", starts, "%", 100),
    ]


def ladder_figures(found: Ladders) -> list[Figure]:
    def times(theirs: Way, ours: Way) -> float:
        return found.costs[theirs].wall_seconds / found.costs[ours].wall_seconds

    processor = found.costs[Way.PEERTUBE].cpu_seconds / found.costs[Way.OURS].cpu_seconds
    by_default = times(Way.PEERTUBE_KEPT_BY_DEFAULT, Way.OURS_KEPT)
    threads = times(Way.PEERTUBE_KEPT, Way.OURS_KEPT)
    return [
        Figure("ladder, of PeerTube's speed", times(Way.PEERTUBE, Way.OURS), "times", 1.75),
        Figure("ladder, PeerTube's processor time, of ours", processor, "times", 1),
        Figure("ladder, of MediaCMS's speed", times(Way.MEDIACMS, Way.OURS), "times", 2),
        Figure("compliant ladder, of PeerTube's speed by default", by_default, "times", 2),
        Figure("compliant ladder, of PeerTube's with all threads", threads, "times", 1.6),
        *(Figure(f"ladder: {way}", cost.wall_seconds, "s", 0) for way, cost in found.costs.items()),
    ]


def playable_figures(kind: ClipKind, times: Mapping[str, float]) -> list[Figure]:
    shortest, *_, longest = times
    growth = times[longest] / times[shortest]
    most = PLAYABLE_SECONDS_MAX[kind]
    return [
        *(
            Figure(f"until {name} play, {kind}", seconds, "s", most, is_ceiling=True)
            for name, seconds in times.items()
        ),
        Figure(
            f"until {longest} play, of {shortest}, {kind}", growth, "times", 1.5, is_ceiling=True
        ),
    ]


def drawn(found: Measured) -> str:
    def bars(title: str, *ways: Way) -> Bars:
        return Bars(title, {way: found.ladders.costs[way].wall_seconds for way in ways}, OURS)

    playable = {
        f"Press Portal, {name}, {kind}": seconds
        for kind, times in found.playable_seconds.items()
        for name, seconds in times.items()
    }
    return graph(
        bars("Every rung of a recording of 40 s", Way.MEDIACMS, Way.PEERTUBE, Way.OURS),
        bars(
            "The same, its own picture kept as the top rung",
            Way.PEERTUBE_KEPT_BY_DEFAULT,
            Way.PEERTUBE_KEPT,
            Way.OURS_KEPT,
        ),
        Bars("Until the first seconds play", playable, frozenset(playable)),
    )


OURS = frozenset({Way.OURS, Way.OURS_KEPT})


if __name__ == "__main__":
    sys.exit(main())
