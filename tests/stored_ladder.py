"""Renditions of a recording, made and stored without the steps that usually make them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

from portal.assets.models import Rendition, RenditionKind, Step
from tests.media import run_ffmpeg
from workers.hls.pieces import Shape
from workers.hls.renditions import place_of, store_hls
from workers.hls.segments import starts_by_time
from workers.run import StepRun

FRAGMENTED = ("-movflags", "+empty_moov+default_base_moof+delay_moov")
EXACT = ("-avoid_negative_ts", "disabled", "-fflags", "+bitexact", "-map_metadata", "-1")


def picture(run: StepRun, *, lavfi: str, size: tuple[int, int]) -> Rendition:
    """A rung of what the source `lavfi` shows, with a key frame every two seconds."""
    width, height = size
    file = f"{height}.mp4"
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    keys = ("-force_key_frames", "expr:gte(t,n_forced*2)", "-sc_threshold", "0")
    every_key = (FRAGMENTED[0], f"{FRAGMENTED[1]}+frag_keyframe")
    written = (*codec, *keys, *every_key, *EXACT, str(run.scratch / file))
    run_ffmpeg("-f", "lavfi", "-i", f"{lavfi},scale={width}:{height}", *written)
    shape = Shape(f"{height}p", RenditionKind.VIDEO, width=width, height=height)
    return _stored(run, file, shape, step=Step.TRANSCODE)


def sound(run: StepRun, *, lavfi: str) -> Rendition:
    """The first sound track."""
    written = (*FRAGMENTED, "-frag_duration", "500000", *EXACT, str(run.scratch / "s.mp4"))
    run_ffmpeg("-f", "lavfi", "-i", lavfi, "-ar", "48000", "-ac", "2", "-c:a", "aac", *written)
    return _stored(run, "s.mp4", Shape("sound-1", RenditionKind.AUDIO), step=Step.SOUND)


def _stored(run: StepRun, file: str, shape: Shape, *, step: Step) -> Rendition:
    starts = partial(starts_by_time, seconds=Fraction(4))
    made = store_hls(place_of(replace(run, step=step)), file, shape, starts=starts)
    assert made is not None
    return made
