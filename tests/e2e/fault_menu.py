"""What can go wrong between browser, web, store and workers, as faults of the two proxies."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.fault_proxy import Fault, http_answer, s3_error


class Place(StrEnum):
    STORE = "store"
    WEB = "web"


class Kill(StrEnum):
    WORKER = "kill -9 of a worker"
    WEB = "kill -9 of the web"
    DATABASE = "all connections to the database cut"


@dataclass(frozen=True)
class Dish:
    """A kind of fault, where it happens, and how often beside the others."""

    name: str
    place: Place
    weight: int
    make: Callable[[random.Random], Fault]


PART = r"partNumber="
COMPLETE = r"[?&]uploadId=[^&]*$"
_BUSY = http_answer("503 Slow Down", s3_error("SlowDown"))
_FAILED = http_answer("500 Internal Server Error", s3_error("InternalError"))
_FALSE_GOOD = http_answer("200 OK", s3_error("InternalError"))
_RESULT = r"/assets/[a-z2-7]{26}/[a-z]+/\d+/"


def _always(fault: Fault) -> Callable[[random.Random], Fault]:
    return lambda _chance: fault


def _busy(chance: random.Random) -> Fault:
    return Fault(answer=_BUSY, times=chance.randint(2, 5))


def _slow(chance: random.Random) -> Fault:
    return Fault(delay_seconds=chance.uniform(0.5, 3.0))


def _cut_part(chance: random.Random) -> Fault:
    return Fault(method="PUT", path=PART, cut_request_bytes=chance.randint(1, 4000))


def _cut_read(chance: random.Random) -> Fault:
    return Fault(method="GET", path="/assets/", cut_answer_bytes=chance.randint(1, 2000))


MENU = (
    Dish("connection reset", Place.STORE, 8, _always(Fault(is_reset=True))),
    Dish("connection reset at a part", Place.STORE, 6, _always(Fault("PUT", PART, is_reset=True))),
    Dish("part cut", Place.STORE, 6, _cut_part),
    Dish("answer to a part lost", Place.STORE, 8, _always(Fault("PUT", PART, is_reply_lost=True))),
    Dish("burst of 503", Place.STORE, 6, _busy),
    Dish("error 500", Place.STORE, 5, _always(Fault(answer=_FAILED))),
    Dish(
        "answer to Complete lost",
        Place.STORE,
        8,
        _always(Fault("POST", COMPLETE, is_reply_lost=True)),
    ),
    Dish("200 with an error", Place.STORE, 8, _always(Fault("POST", COMPLETE, answer=_FALSE_GOOD))),
    Dish(
        "answer to PutObject lost",
        Place.STORE,
        8,
        _always(Fault("PUT", _RESULT, is_reply_lost=True)),
    ),
    Dish(
        "answer to begin lost",
        Place.STORE,
        4,
        _always(Fault("POST", "uploads", is_reply_lost=True)),
    ),
    Dish("answer to DELETE lost", Place.STORE, 3, _always(Fault("DELETE", is_reply_lost=True))),
    Dish("read cut", Place.STORE, 6, _cut_read),
    Dish("slow store", Place.STORE, 3, _slow),
    Dish("connection reset to the web", Place.WEB, 5, _always(Fault(is_reset=True))),
    Dish(
        "answer of the API lost",
        Place.WEB,
        6,
        _always(Fault("POST", "/api/v1/uploads", is_reply_lost=True)),
    ),
    Dish(
        "answer to the API's complete lost",
        Place.WEB,
        8,
        _always(Fault("POST", "/complete", is_reply_lost=True)),
    ),
    Dish("slow web", Place.WEB, 2, _slow),
)

KILLS: Mapping[Kill, int] = {Kill.WORKER: 6, Kill.WEB: 3, Kill.DATABASE: 3}


def choose(chance: random.Random) -> Dish | Kill:
    everything: list[Dish | Kill] = [*MENU, *KILLS]
    weights = [*(dish.weight for dish in MENU), *KILLS.values()]
    return chance.choices(everything, weights=weights)[0]
