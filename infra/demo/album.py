"""The demonstration photos: what each shows, when it was taken, what its file says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from infra.demo.screenplay import DIRECTOR, PRESIDENT, SPOKESPERSON, Speaker, Texts

LOCAL = timezone(timedelta(hours=3))
PHOTOGRAPHER = "Pavel Sokolik"
CREDIT = "Conference Press Office"
CITY = "Zarechye"
COUNTRY = "Belarus"


@dataclass(frozen=True)
class Shot:
    """One photo. `captions` is what the event file says; the photo's own is in English."""

    number: int
    motif: str
    size: tuple[int, int]
    colours: tuple[str, str]
    taken_at: datetime
    headline: str
    caption: str
    captions: Texts
    people: tuple[Speaker, ...] = ()
    is_turned: bool = False

    @property
    def filename(self) -> str:
        """The way cameras and photographers name files: with spaces."""
        return f"2019-06-04 - {self.number:03}_{self.motif}.jpg"


def _at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2019, 6, 4, hour, minute, second, tzinfo=LOCAL)


LANDSCAPE = (2400, 1600)
WIDE = (1920, 1080)
SMALL = (1600, 1067)
UPRIGHT = (1600, 2000)

SHOTS = (
    Shot(
        101,
        "palace",
        LANDSCAPE,
        ("#7fb2d6", "#e7d9b8"),
        _at(9, 31),
        "Palace of Communications",
        "The Palace of Communications on the morning of the conference.",
        {
            "en": "The Palace of Communications on the morning of the conference.",
            "ru": "Дворец связи утром в день конференции.",
            "be": "Палац сувязі раніцай у дзень канферэнцыі.",
        },
    ),
    Shot(
        104,
        "flags",
        WIDE,
        ("#9fb8c9", "#e9e4d8"),
        _at(9, 44),
        "Flags of the delegations",
        "Flags of invented delegations in front of the main entrance.",
        {},
    ),
    Shot(
        107,
        "pass_card",
        UPRIGHT,
        ("#c8b8a0", "#8a7f70"),
        _at(9, 52),
        "Accreditation",
        "A press card of the conference on postal heritage.",
        {},
        is_turned=True,
    ),
    Shot(
        112,
        "hall",
        LANDSCAPE,
        ("#2a1a16", "#6d4630"),
        _at(10, 2),
        "Opening ceremony",
        "Delegates in the great hall during the opening ceremony.",
        {
            "en": "Delegates in the great hall during the opening ceremony.",
            "ru": "Делегаты в большом зале во время церемонии открытия.",
            "be": "Дэлегаты ў вялікай зале падчас цырымоніі адкрыцця.",
        },
    ),
    Shot(
        115,
        "podium",
        LANDSCAPE,
        ("#12283c", "#30586d"),
        _at(10, 6),
        "Opening address",
        "Gerold Jarosch, President of the conference, declares the conference open.",
        {
            "en": "Gerold Jarosch, President of the conference, declares it open.",
            "ru": "Президент конференции Герольд Ярош объявляет её открытой.",
            "be": "Прэзідэнт канферэнцыі Геральд Ярош аб'яўляе яе адкрытай.",
        },
        people=(PRESIDENT,),
    ),
    Shot(
        118,
        "audience",
        WIDE,
        ("#1b2430", "#4b5a68"),
        _at(10, 15),
        "Plenary session",
        "The audience of the plenary session.",
        {},
    ),
    Shot(
        120,
        "stamp",
        SMALL,
        ("#4a3325", "#6b4a35"),
        _at(12, 0, 10),
        "Stamp cancellation",
        "The anniversary stamp and its first-day postmark.",
        {
            "en": "The anniversary stamp and its first-day postmark.",
            "ru": "Юбилейная марка и почтовый штемпель первого дня.",
            "be": "Юбілейная марка і паштовы штэмпель першага дня.",
        },
    ),
    Shot(
        121,
        "envelope",
        LANDSCAPE,
        ("#4a3325", "#6b4a35"),
        _at(12, 3),
        "First-day cover",
        "A first-day cover, cancelled by Alena Kavalets, director of the museum.",
        {"ru": "Конверт первого дня, гашение провела директор музея Елена Ковалец."},
        people=(DIRECTOR,),
    ),
    Shot(
        123,
        "signing",
        WIDE,
        ("#2d1c14", "#573624"),
        _at(12, 9),
        "Guest book",
        "The guest book of the Museum of the Post.",
        {},
    ),
    Shot(
        126,
        "mailbox",
        UPRIGHT,
        ("#a9c3d1", "#d9d4c6"),
        _at(12, 14),
        "Anniversary mailbox",
        "The mailbox in which guests posted their first-day covers.",
        {},
    ),
    Shot(
        131,
        "cameras",
        LANDSCAPE,
        ("#20303d", "#5d7482"),
        _at(12, 29),
        "Press scrum",
        "Cameras wait for the press scrum to begin.",
        {
            "en": "Cameras wait for the press scrum to begin.",
            "ru": "Камеры в ожидании подхода к прессе.",
            "be": "Камеры чакаюць падыходу да прэсы.",
        },
    ),
    Shot(
        133,
        "microphones",
        LANDSCAPE,
        ("#16242f", "#3f6175"),
        _at(12, 30, 40),
        "Press scrum",
        "Microphones at the press scrum with Gerold Jarosch and Anna Lindqvist.",
        {},
        people=(PRESIDENT, SPOKESPERSON),
    ),
)
