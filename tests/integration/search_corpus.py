"""Texts in three languages to search, and queries of every shape, for comparing engines."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from portal.db import tables
from tests.integration.search_archive import HOUR, MEDIAELEMENT, Archive

ENGLISH = (
    "Good afternoon, and thank you all for coming to this press scrum.",
    "The delegations agreed on one form for electronic evidence.",
    "One form for all, and all forms for one: that was the agreement of the plenary session.",
    "Mr Yarosh couldn't say when the prosecutors' congress would meet again.",
    "The stamp-cancellation ceremony begins at 14:00 in room 3-B.",
    "Press freedom is the freedom of the press; the press scrum is open.",
    "Naïve façades, 5G networks and COVID-19 were on nobody's agenda.",
    "the cat sat on the mat and the mat sat on the cat",
)
RUSSIAN = (
    "Добрый день! Подход к прессе начнётся через пять минут.",
    "Ещё один конгресс прокуроров пройдёт в Минске, сказал Герхард Ярош.",
    "Делегации договорились об электронных доказательствах.",
    "Вопросы к Ярошу задавали журналисты из Латвии и Беларуси.",
    "Он и она — он, который сказал; она, которая слушала. Мой мои моя.",
)
BELARUSIAN = (
    "Добры дзень! Падыход да прэсы пачнецца праз пяць хвілін.",
    "Аб'ява: з’езд адкрыў Ўладзімір у Мінску.",
    "Дэлегацыя Латвіі прыехала ўчора, сказаў Ярош.",
)

QUERIES = (
    "press", "PRESS scrum", '"press scrum"', '"one form"', '"form one"', '"one form for all"',
    '"all forms for one"', "form forms", "agreement", "agreed", "agree", "couldn't", "couldn’t",
    "couldnt", "could", "jarosch", "Yarosh", "Ярош", "яроша", "Ярошу", "gerhard jarosch",
    '"gerhard jarosch"', "Герхард", "еще", "ещё конгресс", "прокурор", "prosecutors",
    "prosecutors' congress", "конгресс congress", "минск", "Мінск", "minsk", "латвия", "Latvia",
    "Латвіі", "з'езд", "з’езд", "з езд", "аб'ява", "Уладзімір", "ўладзімір", "он", "она он",
    "мой", "мои", "moi", "the", "on", "a", "14:00", "14", "3-B", "3 b", "stamp cancellation",
    '"stamp-cancellation"', '"stamp cancellation ceremony"', "covid-19", "covid", "5g", "naive",
    "façades facade", "vendors", '"browser vendors"', '"the mat sat on the cat"',
    '"the cat sat on the cat"', '"sat on the mat and"', '"mat the"', "press -scrum",
    '"press" scrum "one form"', '"unclosed quote', "press OR scrum",
    "evidence доказательства", "чтоугодно", "zzz",
    "opening ceremony", "chairman", "председатель", "arrival", "arrival jarosch", '"mr yarosh" 14',
    "press scrum open freedom agreed delegations form evidence thank coming afternoon good all",
    "the press scrum is open and the freedom of the press is the agreement of the plenary session",
)  # fmt: skip


def build(archive: Archive) -> None:
    """Three events: out, to come, withdrawn; people, photos, recordings and captions in each."""
    person_id = archive.person("Gerhard Jarosch", "gerhard-jarosch", "Ярош", "Yarosh")
    other_id = archive.person("Anna Sidorenko", "anna-sidorenko", "Сидоренко")
    events: dict[str, dict[str, Any]] = {
        "press-scrum": {"title": {"en": "Press scrum", "ru": "Подход к прессе"}},
        "congress": {"title": {"en": "Congress", "be": "Кангрэс"}, "place": {"be": "Мінск"}},
        "later": {"title": {"en": "Opening ceremony"}, "released_at": archive.now + HOUR},
        "gone": {"title": {"en": "Press day"}, "withdrawn_at": archive.now - HOUR},
    }
    for slug, values in events.items():
        event_id = archive.event(slug, **values)
        row = {"person_id": person_id, "position": 0}
        role = {"en": "Chairman", "ru": "Председатель"}
        archive.add(tables.event_people, event_id=event_id, role=role, **row)
        video_id = archive.asset(event_id, "video", captured_at=archive.now - 48 * HOUR)
        archive.add(tables.asset_people, asset_id=video_id, person_id=other_id)
        archive.captions(event_id, MEDIAELEMENT, recording_id=video_id)
        for language, lines in (("en", ENGLISH), ("ru", RUSSIAN), ("be", BELARUSIAN)):
            archive.captions(event_id, tuple(_timed(lines)), language=language)
        photo_id = archive.asset(
            event_id, "photo", caption={"en": "Arrival of Mr Jarosch", "ru": "Приезд Яроша"}
        )
        archive.add(tables.asset_people, asset_id=photo_id, person_id=person_id)
        archive.asset(event_id, "photo", title={"en": "The stamp"}, captured_at=archive.now)


def random_queries(count: int, *, seed: int) -> list[str]:
    """Words and phrases of the texts, put together by chance."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    spoken = [line.split() for line in (*ENGLISH, *RUSSIAN, *BELARUSIAN)]
    return [" ".join(_parts(chance, spoken)) for _ in range(count)]


def _parts(chance: random.Random, spoken: list[list[str]]) -> Iterator[str]:
    for _ in range(chance.randint(1, 3)):
        line = chance.choice(spoken)
        first = chance.randrange(len(line))
        run = line[first : first + chance.randint(1, 4)]
        if chance.random() < 0.3:
            chance.shuffle(run)
        yield f'"{" ".join(run)}"' if chance.random() < 0.4 else " ".join(run)


def _timed(lines: tuple[str, ...]) -> Iterator[tuple[float, float, str]]:
    for number, line in enumerate(lines):
        yield number * 6.0, number * 6.0 + 6.0, line
