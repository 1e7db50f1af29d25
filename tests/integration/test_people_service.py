"""People on a real database: names, variants, addresses, and transactions that meet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Connection, Engine

from portal.errors import InvalidInput, NotFound
from portal.people import service
from portal.people.models import Person
from tests.transactions import wait_until_blocked

pytestmark = pytest.mark.postgres


def ensure(engine: Engine, *names: str) -> list[Person]:
    with engine.begin() as connection:
        return list(service.ensure_people(connection, dict.fromkeys(names, ())).values())


def test_a_person_is_added_once(connection: Connection) -> None:
    person = service.ensure_person(connection, "  Gerhard \t Jarosch ")

    assert (person.name, person.slug, person.variants) == ("Gerhard Jarosch", "gerhard-jarosch", ())
    assert service.ensure_person(connection, "Gerhard Jarosch") == person
    assert service.get_person(connection, "gerhard-jarosch") == person


def test_variants_are_added_to_those_known(connection: Connection) -> None:
    service.ensure_person(connection, "Gerhard Jarosch", variants=("Ярош", "Yarosch"))
    service.ensure_person(connection, "Gerhard Jarosch", variants=("Yarosch", "Jarosh"))
    person = service.ensure_person(connection, "Gerhard Jarosch", variants=("Gerhard Jarosch",))

    assert person.variants == ("Jarosh", "Yarosch", "Ярош")
    assert person.all_names == ("Gerhard Jarosch", "Jarosh", "Yarosch", "Ярош")


@pytest.mark.parametrize(
    ("names", "slugs"),
    [
        (("Anna Müller", "Anna Muller"), ["anna-muller", "anna-muller-2"]),
        (("习近平", "安倍晋三"), ["person", "person-2"]),
        (("Герхард Ярош", "Gerkhard Yarosh"), ["gerkhard-yarosh", "gerkhard-yarosh-2"]),
        (("A_b", "Axb"), ["a-b", "axb"]),
    ],
)
def test_equal_addresses_get_numbers(
    connection: Connection, names: tuple[str, ...], slugs: list[str]
) -> None:
    assert [service.ensure_person(connection, name).slug for name in names] == slugs


@pytest.mark.parametrize("name", ["", " \n ", "x" * 201])
def test_a_name_must_be_a_name(connection: Connection, name: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 200 characters"):
        service.ensure_person(connection, name)


def test_a_missing_person_is_said_to_be_missing(connection: Connection) -> None:
    with pytest.raises(NotFound, match="nobody"):
        service.get_person(connection, "nobody")


def test_the_same_name_in_two_transactions_is_one_person(engine: Engine) -> None:
    with ThreadPoolExecutor(1) as pool, engine.connect() as first:
        mine = service.ensure_person(first, "Anna", variants=("Ann",))
        other = pool.submit(ensure, engine, "Anna")
        wait_until_blocked(engine, other)
        first.commit()
        (theirs,) = other.result(timeout=30)
    assert theirs == mine


def test_the_same_address_in_two_transactions_gets_a_number(engine: Engine) -> None:
    with ThreadPoolExecutor(1) as pool, engine.connect() as first:
        mine = service.ensure_person(first, "Anna Müller")
        other = pool.submit(ensure, engine, "Anna Muller")
        wait_until_blocked(engine, other)
        first.commit()
        (theirs,) = other.result(timeout=30)
    assert (mine.slug, theirs.slug) == ("anna-muller", "anna-muller-2")


def test_a_name_that_another_transaction_gave_up_is_free(engine: Engine) -> None:
    with ThreadPoolExecutor(1) as pool, engine.connect() as first:
        service.ensure_person(first, "Anna")
        other = pool.submit(ensure, engine, "Anna")
        wait_until_blocked(engine, other)
        first.rollback()
        (theirs,) = other.result(timeout=30)
    assert (theirs.name, theirs.slug) == ("Anna", "anna")


def test_the_same_people_in_another_order_never_deadlock(engine: Engine) -> None:
    with ThreadPoolExecutor(2) as pool, engine.connect() as middle:
        service.ensure_person(middle, "Boris")
        others = [
            pool.submit(partial(ensure, engine, *names))
            for names in (("Anna", "Boris", "Clara"), ("Clara", "Boris", "Anna"))
        ]
        wait_until_blocked(engine, *others)
        middle.commit()
        known = [{p.name: p.id for p in other.result(timeout=30)} for other in others]
    assert known[0] == known[1]
    assert set(known[0]) == {"Anna", "Boris", "Clara"}
