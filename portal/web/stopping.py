"""Tells answers that would take hours that the server was asked to stop.

A server waits for every answer before it ends; one that streams for ever must end by itself.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Handler = Callable[[int, FrameType | None], object]

_stopping = threading.Event()


def is_stopping() -> bool:
    return _stopping.is_set()


def note_stop_signals() -> None:
    """Listen to the signals that stop a process; what the server does about them stays.

    To be called in the main thread when the event loop runs. The loop learns of signals by a
    descriptor of its own (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd), so
    that the handler which it installed is only a placeholder; we call it nevertheless.
    """
    for number in STOP_SIGNALS:
        earlier = signal.getsignal(number)
        signal.signal(number, _noting(earlier if callable(earlier) else None))
        signal.siginterrupt(number, False)


def _noting(earlier: Handler | None) -> Handler:
    def handle(number: int, frame: FrameType | None) -> None:
        _stopping.set()
        if earlier is not None:
            earlier(number, frame)

    return handle
