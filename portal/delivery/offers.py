"""What a player may choose from, out of all that has been made of a recording; pure."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from portal.assets.models import Rendition, RenditionKind, Step
from portal.delivery.hls_syntax import target_seconds


@dataclass(frozen=True)
class Offer:
    """The ladder with its sound, or else the preview.

    The smallest of `pictures` comes first: Safari starts with the first variant, and a phone in a
    crowded hall must show a picture at once; a better link climbs within a segment. The first of
    `sounds` is the default one.
    """

    pictures: tuple[Rendition, ...] = ()
    sounds: tuple[Rendition, ...] = ()
    preview: Rendition | None = None

    @property
    def playlists(self) -> tuple[Rendition, ...]:
        return (*self.pictures, *self.sounds, *filter(None, [self.preview]))

    @property
    def is_whole(self) -> bool:
        return bool(self.pictures or self.sounds)

    @property
    def seconds(self) -> float:
        """How long the whole plays; a preview does not tell."""
        lengths = (sum(part.segment_seconds or ()) for part in (*self.pictures, *self.sounds))
        return max(lengths, default=0.0)

    @property
    def target_seconds(self) -> int:
        """The same in every playlist of picture and sound (RFC 8216, 6.2.4)."""
        return target_seconds(
            duration for part in self.playlists for duration in part.segment_seconds or ()
        )


def offered(renditions: Sequence[Rendition], *, open_steps: Container[str]) -> Offer:
    """Picture and sound are made side by side; until both are there the preview is offered.

    Without a preview a picture may go without its sound, but sound never goes as the whole while
    its picture is to come: who plays it would not learn of that.
    """
    pictures = sorted(_of_kind(renditions, RenditionKind.VIDEO), key=_size)
    sounds = sorted(_of_kind(renditions, RenditionKind.AUDIO), key=_order)
    preview = next(iter(_of_kind(renditions, RenditionKind.PREVIEW)), None)
    lacks_sound = not sounds and Step.SOUND in open_steps
    lacks_picture = not pictures and Step.TRANSCODE in open_steps
    if lacks_picture or (lacks_sound and preview) or not (pictures or sounds):
        return Offer(preview=preview)
    return Offer(tuple(pictures), tuple(sounds))


def peak_bps(rendition: Rendition) -> int:
    return rendition.bandwidth_bps or _computed_average_bps(rendition)


def average_bps(rendition: Rendition) -> int:
    return rendition.average_bandwidth_bps or _computed_average_bps(rendition)


def _computed_average_bps(rendition: Rendition) -> int:
    seconds = sum(rendition.segment_seconds or ())
    return round(8 * rendition.size_bytes / seconds) if seconds else 0


def _of_kind(renditions: Sequence[Rendition], kind: RenditionKind) -> list[Rendition]:
    return [r for r in renditions if r.kind is kind and r.segment_seconds]


def _size(picture: Rendition) -> tuple[int, str]:
    return peak_bps(picture), picture.name


def _order(sound: Rendition) -> tuple[int, str]:
    """`sound-2` before `sound-10`."""
    return len(sound.name), sound.name
