"""How much scratch space an attempt will need: pure, from what is known of the asset.

Why these figures: docs/decisions/0021-scratch.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from portal.assets.models import Asset, RenditionKind, Step
from portal.settings import Settings
from workers.downloads.choice import scratch_bytes
from workers.stills.storyboard import PICTURES_MAX

MEBIBYTE = 1024**2
TRANSCODE_BYTES_MIN = 16 * MEBIBYTE
LADDER_BITS_PER_PIXEL_SECOND = 5.0
"""All rungs together, at the highest rate that the encoder is allowed, per pixel of the source."""
WIDE_PICTURE = 16 / 9
"""Pictures with more pixels than the largest rung has in this shape are made smaller."""
SOUND_BITS_PER_SECOND = 160_000
SOUND_TRACKS = 2
"""Few recordings have more; those that do ask for more room as they go."""
SOUND_BYTES_MIN = 4 * MEBIBYTE
UNKNOWN_RATIO = 2.0
"""Of the original's size, when nobody knows how long it plays."""
STORYBOARD_SHEETS_BYTES = 8 * MEBIBYTE
DOWNLOAD_BYTES_MIN = 4 * MEBIBYTE
FIXED_BYTES: Mapping[Step, int] = {
    Step.PREVIEW: 16 * MEBIBYTE,
    Step.POSTER: 8 * MEBIBYTE,
    Step.SUBTITLES: 8 * MEBIBYTE,
    Step.PHOTO: 64 * MEBIBYTE,
    Step.CAPTIONS: 12 * MEBIBYTE,
}
COPYING_STEPS = frozenset(
    {
        Step.VERIFY,
        Step.PROBE,
        Step.PREVIEW,
        Step.TRANSCODE,
        Step.SOUND,
        Step.POSTER,
        Step.SUBTITLES,
        Step.PHOTO,
    }
)
"""They read the original as a file; of captions a bounded copy is written for their reader."""


@dataclass(frozen=True)
class Needs:
    """`own_bytes` for what an attempt writes itself; `copies` are the sizes, by key, of the
    objects that it reads by local copies, which attempts share.
    """

    own_bytes: int = 0
    copies: Mapping[str, int] = field(default_factory=dict)

    def grown(self, own_bytes: int) -> Needs:
        return replace(self, own_bytes=max(self.own_bytes, own_bytes))

    def beyond(self, others: Sequence[Needs]) -> int:
        """What these needs add to those of `others`."""
        return total_bytes([self, *others]) - total_bytes(others)


def total_bytes(all_needs: Sequence[Needs]) -> int:
    """Of several attempts together: a copy that they share counts once."""
    copies = {key: size for needs in all_needs for key, size in needs.copies.items()}
    return sum(needs.own_bytes for needs in all_needs) + sum(copies.values())


def needs_of(asset: Asset, step: Step, settings: Settings) -> Needs:
    """A local store's own files are read in place and need no copy."""
    original = asset.original
    if original is None:
        return Needs()
    is_copied = step in COPYING_STEPS and not settings.is_local_storage
    own_bytes = _own_bytes(asset, step, original.size_bytes, settings)
    return Needs(own_bytes, {original.key: original.size_bytes} if is_copied else {})


def chunk_needs(asset: Asset, settings: Settings, *, chunk_count: int) -> Needs:
    """Those of one chunk of a transcode: its share of what is written."""
    whole = needs_of(asset, Step.TRANSCODE, settings)
    return replace(whole, own_bytes=max(TRANSCODE_BYTES_MIN, whole.own_bytes // chunk_count))


def _own_bytes(asset: Asset, step: Step, original_bytes: int, settings: Settings) -> int:
    if step is Step.TRANSCODE:
        return _transcode_bytes(asset, original_bytes, short_side_max=settings.max_rung)
    if step is Step.SOUND:
        return _sound_bytes(asset, original_bytes)
    if step is Step.STORYBOARD:
        return _storyboard_bytes(asset)
    if step is Step.DOWNLOAD:
        return DOWNLOAD_BYTES_MIN + scratch_bytes(asset)
    return FIXED_BYTES.get(step, 0)


def _sound_bytes(asset: Asset, original_bytes: int) -> int:
    if asset.duration_seconds is None:
        return max(SOUND_BYTES_MIN, round(UNKNOWN_RATIO * original_bytes))
    bits = SOUND_TRACKS * SOUND_BITS_PER_SECOND * asset.duration_seconds
    return max(SOUND_BYTES_MIN, round(bits / 8))


def _storyboard_bytes(asset: Asset) -> int:
    """The segments of the smallest rung that it shows, and the sheets."""
    rungs = [made for made in asset.renditions if made.kind is RenditionKind.VIDEO]
    smallest = min(rungs, key=lambda rung: rung.size_bytes, default=None)
    if smallest is None:
        return STORYBOARD_SHEETS_BYTES
    segments = max(1, len(smallest.segment_files or ()))
    shown = min(1.0, PICTURES_MAX / segments)
    return STORYBOARD_SHEETS_BYTES + round(shown * smallest.size_bytes)


def _transcode_bytes(asset: Asset, original_bytes: int, *, short_side_max: int) -> int:
    """Every rung lies on the disk whole before the first of them is stored."""
    if asset.duration_seconds is None:
        return max(TRANSCODE_BYTES_MIN, round(UNKNOWN_RATIO * original_bytes))
    pixels_max = WIDE_PICTURE * short_side_max**2
    pixels = min(pixels_max, (asset.width or 0) * (asset.height or 0))
    bits = LADDER_BITS_PER_PIXEL_SECOND * pixels * asset.duration_seconds
    return max(TRANSCODE_BYTES_MIN, round(bits / 8))
