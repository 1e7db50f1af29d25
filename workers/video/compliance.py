"""Which pictures can be shown as they are, without being encoded again: pure.

Why these bounds: docs/decisions/0004-ladder.md.
"""

from __future__ import annotations

from fractions import Fraction

from workers.video.ladder import FRAME_RATE_MAX
from workers.video.probe import Probe, VideoStream
from workers.video.scan import Scan

BIT_RATE_BPS_MAX = 8_000_000
GROUP_SECONDS_MAX = 10
GROUP_SECONDS_MIN = Fraction(1, 2)
"""On average: what consists of key frames only spends its bytes badly."""
CONTAINERS = frozenset({"mov", "mp4", "matroska"})
PROFILES = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})
MATRICES = frozenset({None, "bt709", "smpte170m", "bt470bg"})


def is_compliant(probe: Probe, scan: Scan, *, short_side_max: int) -> bool:
    """Whether the top rung may be the recording's own picture."""
    return may_comply(probe, short_side_max=short_side_max) and _is_timed_well(scan)


def may_comply(probe: Probe, *, short_side_max: int) -> bool:
    """Whether its packets are worth a look: all else is as it must be."""
    video = probe.video
    if video is None or probe.container.partition(",")[0] not in CONTAINERS:
        return False
    is_upright = video.rotation_degrees == 0 and not video.is_mirrored
    is_own_size = (video.width, video.height) == (video.coded_width, video.coded_height)
    return (
        is_upright
        and is_own_size
        and min(video.width, video.height) <= short_side_max
        and _is_coded_well(video)
    )


def _is_coded_well(video: VideoStream) -> bool:
    return (
        video.codec == "h264"
        and video.profile in PROFILES
        and video.pixel_format == "yuv420p"
        and video.sample_aspect == 1
        and video.field_order in {"progressive", None}
        and video.colour.hdr is None
        and not video.colour.is_full_range
        and video.colour.matrix in MATRICES
    )


def _is_timed_well(scan: Scan) -> bool:
    """Constant, to the tick, in closed groups that begin with the first picture."""
    rate = scan.frame_rate
    if rate is None or not scan.is_exact or rate > FRAME_RATE_MAX:
        return False
    mean_group_frames = Fraction(scan.frame_count, max(1, len(scan.key_frames)))
    return (
        scan.is_complete
        and scan.begins_with_key_frame
        and not scan.has_leading_pictures
        and scan.longest_group_frames <= GROUP_SECONDS_MAX * rate
        and mean_group_frames >= GROUP_SECONDS_MIN * rate
        and scan.bit_rate_bps <= BIT_RATE_BPS_MAX
    )
