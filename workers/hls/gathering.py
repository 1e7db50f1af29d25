"""Puts stored segments together again, as a file that ffmpeg reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from portal.assets.made_files import INIT
from portal.assets.models import Rendition
from portal.errors import Interrupted
from workers.run import StepRun


def gather(
    run: StepRun, rendition: Rendition, file: str, *, places: Sequence[int] | None = None
) -> Path:
    """Write the segments at `places`, or all, behind the initialisation segment.

    The scratch file `file` is a fragmented MP4 in which every picture keeps its time.
    """
    segments = rendition.segment_files or ()
    wanted = segments if places is None else [segments[place] for place in places]
    path = run.scratch / file
    with path.open("xb") as stream:
        for name in (INIT, *wanted):
            if run.stop.is_set():
                raise Interrupted("Gathering segments was ended because the worker is stopping.")
            run.check_room()
            stream.write(run.runtime.store.read(rendition.key + name))
    return path
