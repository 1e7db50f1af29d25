"""How work is tried again, as values, and how much of each lane runs at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.jobs import Lane

TRIES_AFTER_LIMIT_MAX = 2
"""A limit may be twelve hours of encoding."""


@dataclass(frozen=True)
class RetryPolicy:
    """`waits_seconds[n]` is the pause before try n + 2; there are len(waits) + 1 tries."""

    waits_seconds: tuple[float, ...]

    @property
    def tries_max(self) -> int:
        return len(self.waits_seconds) + 1

    def wait_seconds(self, tries: int) -> float | None:
        """The pause after so many tries; None when there is no further one."""
        return self.waits_seconds[tries - 1] if tries <= len(self.waits_seconds) else None

    def after_limit(self) -> RetryPolicy:
        """For work that went over a limit: it was busy once, or it is too much whenever it runs."""
        return RetryPolicy(self.waits_seconds[: TRIES_AFTER_LIMIT_MAX - 1])


RETRIES: Mapping[Lane, RetryPolicy] = {
    Lane.FIRST: RetryPolicy(waits_seconds=(1, 5, 30, 120)),
    Lane.MEDIA: RetryPolicy(waits_seconds=(5, 30, 120)),
    Lane.LIGHT: RetryPolicy(waits_seconds=(1, 5, 30, 120)),
    # Short: the index has one writer, and whoever waits holds the others up.
    Lane.INDEX: RetryPolicy(waits_seconds=(1, 2, 5, 10, 30)),
}

AT_ONCE: Mapping[Lane, int] = {Lane.FIRST: 2, Lane.LIGHT: 2, Lane.INDEX: 1}
"""Jobs that one worker process runs at once, of lanes other than that of encodes."""


def jobs_at_once(lanes: Sequence[Lane], *, encodes: int) -> Mapping[Lane, int]:
    """How many jobs of each of the lanes one worker process runs at once."""
    return {lane: encodes if lane is Lane.MEDIA else AT_ONCE[lane] for lane in lanes}
