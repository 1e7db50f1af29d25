"""Writes `event.yaml`, the description that makes a folder a whole event."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from infra.demo.album import CREDIT, PHOTOGRAPHER, SHOTS, Shot
from infra.demo.screenplay import (
    DIRECTOR,
    LABEL,
    OPENING,
    PRESIDENT,
    SCRUM,
    SPOKESPERSON,
    Speaker,
    Texts,
)

SLUG = "postal-heritage-2019"
HEADER = f"# {LABEL}: invented people, an invented conference.\n"


def event_file() -> str:
    described: Mapping[str, object] = {
        **_identity(),
        "people": _people(),
        "delegations": _delegations(),
        "topics": _topics(),
        "programme": _programme(),
        "publish": "now",
        "files": {**_recordings(), **_photos()},
    }
    return HEADER + yaml.safe_dump(dict(described), allow_unicode=True, sort_keys=False, width=96)


def _identity() -> dict[str, object]:
    return {
        "slug": SLUG,
        "title": {
            "en": "Conference on Postal Heritage (demonstration)",
            "ru": "Конференция о почтовом наследии (демонстрация)",
            "be": "Канферэнцыя пра паштовую спадчыну (дэманстрацыя)",
        },
        "summary": {
            "en": "Five delegations open their postal archives and cancel an anniversary stamp.",
            "ru": "Пять делегаций открывают почтовые архивы и гасят юбилейную марку.",
            "be": "Пяць дэлегацый адкрываюць паштовыя архівы і гасяць юбілейную марку.",
        },
        "body": _body(),
        "starts_at": "2019-06-04T10:00:00+03:00",
        "ends_at": "2019-06-04T13:00:00+03:00",
        "time_zone": "Europe/Minsk",
        "default_language": "en",
        "place": {
            "en": "Palace of Communications, Zarechye",
            "ru": "Дворец связи, Заречье",
            "be": "Палац сувязі, Зарэчча",
        },
        "credit": f"Photo by {PHOTOGRAPHER} / {CREDIT}",
        "contact": {
            "name": SPOKESPERSON.name,
            "email": "press@example.org",
            "phone": "+000 00 000-00-00",
        },
    }


def _body() -> Texts:
    return {
        "en": (
            "The conference brings together **museums, archives and postal administrations** "
            "to agree on how letters of the past can be read by everybody.\n\n"
            "- At noon the anniversary stamp is cancelled.\n"
            "- At 12:30 the president meets the press.\n\n"
            "*This event, its people and its pictures are demonstration material.*\n"
        ),
        "ru": (
            "Конференция собирает **музеи, архивы и почтовые администрации**, чтобы "
            "договориться, как письма прошлого сможет прочесть каждый.\n\n"
            "- В полдень проходит гашение юбилейной марки.\n"
            "- В 12:30 президент выходит к прессе.\n\n"
            "*Событие, люди и снимки — демонстрационные материалы.*\n"
        ),
        "be": (
            "Канферэнцыя збірае **музеі, архівы і паштовыя адміністрацыі**, каб дамовіцца, "
            "як лісты мінулага зможа прачытаць кожны.\n\n"
            "- Апоўдні адбываецца гашэнне юбілейнай маркі.\n"
            "- У 12:30 прэзідэнт выходзіць да прэсы.\n\n"
            "*Падзея, людзі і здымкі — дэманстрацыйныя матэрыялы.*\n"
        ),
    }


def _people() -> list[dict[str, object]]:
    return [
        _person(
            PRESIDENT,
            ru="Президент конференции",
            be="Прэзідэнт канферэнцыі",
            variants=["Yarosch", "Герольд Ярош", "Геральд Ярош", "Ярош"],
        ),
        _person(
            DIRECTOR,
            ru="Директор Музея почты",
            be="Дырэктар Музея пошты",
            variants=["Kovalets", "Елена Ковалец", "Алена Кавалец"],
        ),
        _person(
            SPOKESPERSON,
            ru="Пресс-секретарь конференции",
            be="Прэс-сакратар канферэнцыі",
            variants=["Анна Линдквист", "Ганна Ліндквіст"],
        ),
    ]


def _person(speaker: Speaker, *, ru: str, be: str, variants: list[str]) -> dict[str, object]:
    role = {"en": speaker.role, "ru": ru, "be": be}
    return {"name": speaker.name, "role": role, "variants": variants}


def _delegations() -> list[Texts]:
    return [
        {"en": "Belarus", "ru": "Беларусь", "be": "Беларусь"},
        {"en": "Estonia", "ru": "Эстония", "be": "Эстонія"},
        {"en": "Germany", "ru": "Германия", "be": "Германія"},
        {"en": "Latvia", "ru": "Латвия", "be": "Латвія"},
        {"en": "Sweden", "ru": "Швеция", "be": "Швецыя"},
    ]


def _topics() -> list[Texts]:
    return [
        {"en": "Postal history", "ru": "История почты", "be": "Гісторыя пошты"},
        {"en": "Open archives", "ru": "Открытые архивы", "be": "Адкрытыя архівы"},
        {"en": "Stamp cancellation", "ru": "Гашение марки", "be": "Гашэнне маркі"},
    ]


def _programme() -> list[dict[str, object]]:
    return [
        _item("10:00", "10:30", _OPENING_TITLE, recordings=[f"{OPENING.stem}.mp4"]),
        _item(
            "10:30",
            "12:00",
            {"en": "Plenary session", "ru": "Пленарное заседание", "be": "Пленарнае пасяджэнне"},
        ),
        _item(
            "12:00",
            "12:30",
            {"en": "Stamp cancellation", "ru": "Гашение марки", "be": "Гашэнне маркі"},
        ),
        _item("12:30", "12:45", _SCRUM_TITLE, recordings=[f"{SCRUM.stem}.mp4"]),
    ]


_OPENING_TITLE = {
    "en": OPENING.title,
    "ru": "Церемония открытия",
    "be": "Цырымонія адкрыцця",
}
_SCRUM_TITLE = {"en": SCRUM.title, "ru": "Подход к прессе", "be": "Падыход да прэсы"}


def _item(
    start: str, end: str, title: Texts, *, recordings: list[str] | None = None
) -> dict[str, object]:
    item: dict[str, object] = {
        "title": dict(title),
        "starts_at": f"2019-06-04T{start}:00+03:00",
        "ends_at": f"2019-06-04T{end}:00+03:00",
    }
    return {**item, "recordings": recordings} if recordings else item


def _recordings() -> dict[str, object]:
    return {
        f"{SCRUM.stem}.mp4": {
            "title": _SCRUM_TITLE,
            "language": "en",
            "people": [PRESIDENT.name, DIRECTOR.name, SPOKESPERSON.name],
        },
        f"{OPENING.stem}.mp4": {
            "title": _OPENING_TITLE,
            "language": "be",
            "people": [DIRECTOR.name, PRESIDENT.name],
        },
    }


def _photos() -> dict[str, object]:
    return {shot.filename: _photo(shot) for shot in SHOTS if shot.captions or shot.people}


def _photo(shot: Shot) -> dict[str, object]:
    described: dict[str, object] = {}
    if shot.captions:
        described["caption"] = dict(shot.captions)
    if shot.people:
        described["people"] = [speaker.name for speaker in shot.people]
    return described
