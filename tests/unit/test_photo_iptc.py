"""IPTC-IIM in whatever letters it was written."""

from __future__ import annotations

from hashlib import md5

import pytest

from tests.photo_blocks import dataset
from workers.photo import iptc as iptc_module
from workers.photo.iptc import Iptc, read_iptc

UTF8 = dataset(90, b"\x1b%G", record=1)


def test_iptc_in_utf8() -> None:
    data = (
        UTF8
        + dataset(120, "Подпись\rв две строки".encode())
        + dataset(25, "саммит".encode())
        + dataset(25, b"press")
        + dataset(80, b"A. Photographer")
        + dataset(105, b"Headline")
        + dataset(103, b"transmission reference")
        + dataset(110, b"Press office")
        + dataset(115, b"Agency")
        + dataset(116, "© 2019".encode())
        + dataset(90, "Минск".encode())
        + dataset(92, b"the very door")
        + dataset(101, "Беларусь".encode())
        + dataset(55, b"20190604")
        + dataset(60, b"101500+0300")
    )
    assert read_iptc(data) == Iptc(
        caption="Подпись\rв две строки",
        headline="Headline",
        by_lines=("A. Photographer",),
        credit="Press office",
        source="Agency",
        copyright="© 2019",
        keywords=("саммит", "press"),
        city="Минск",
        country="Беларусь",
        created_at="20190604 101500+0300",
    )


@pytest.mark.parametrize("declared", [b"", UTF8])
@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Открытие конференции"),
        ("cp1251", "Адкрыццё канферэнцыі"),
        ("cp1251", "МИНСК"),
        ("koi8_r", "Председатель отвечает на вопросы журналистов"),
        ("cp866", "Председатель отвечает на вопросы журналистов"),
        ("latin-1", "Conférence à Minsk, déjà vue"),
        ("cp1252", "The minister’s “scrum” – Åsa Öberg"),
        ("mac_roman", "Conférence à Minsk, déjà vue"),
    ],
)
def test_iptc_that_names_no_encoding_or_the_wrong_one(
    declared: bytes, encoding: str, text: str
) -> None:
    iptc = read_iptc(declared + dataset(120, text.encode(encoding)) + dataset(90, b"Minsk"))
    assert (iptc.caption, iptc.city, iptc.notes) == (text, "Minsk", ())


def test_iptc_in_two_encodings_at_once() -> None:
    data = dataset(120, "Новая подпись".encode()) + dataset(
        105, "Старый заголовок".encode("cp1251")
    )
    iptc = read_iptc(data)
    assert (iptc.caption, iptc.headline) == ("Новая подпись", "Старый заголовок")


def test_a_declared_encoding_is_believed() -> None:
    data = dataset(90, b"\x1b-L", record=1) + dataset(90, "Минск".encode("iso8859-5"))
    assert read_iptc(data).city == "Минск"


def test_a_letter_that_was_cut_to_fit_is_left_out() -> None:
    text = "Подпись, которая не умещается".encode()
    assert read_iptc(dataset(120, text[:-1])).caption == "Подпись, которая не умещаетс"


def test_letters_that_nobody_can_read_are_noted() -> None:
    iptc = read_iptc(dataset(120, b"na\x81ve caf\xe9"))
    assert iptc.caption == "na\ufffdve café"
    assert iptc.notes == (iptc_module.UNREADABLE_LETTERS,)


def test_iptc_with_an_extended_length() -> None:
    value = b"x" * 40_000
    data = b"\x1c\x02\x78\x80\x04" + len(value).to_bytes(4) + value + dataset(90, b"Minsk")
    iptc = read_iptc(data)
    assert iptc.caption == value.decode()
    assert iptc.city == "Minsk"


@pytest.mark.parametrize(
    "rest", [b"\x1c\x02\x78\x7f\xff", b"garbage", b"\x1c\x02\x78\x80\x04\xff\xff\xff\xff"]
)
def test_damaged_iptc_keeps_what_came_before(rest: bytes) -> None:
    iptc = read_iptc(dataset(90, b"Minsk") + rest)
    assert (iptc.city, iptc.notes) == ("Minsk", (iptc_module.DAMAGED,))


def test_datasets_without_end_are_cut() -> None:
    iptc = read_iptc(dataset(25, b"x") * (iptc_module.DATASETS_MAX + 1))
    assert (len(iptc.keywords), iptc.notes) == (iptc_module.DATASETS_MAX, (iptc_module.DAMAGED,))


def test_iptc_may_be_padded() -> None:
    assert read_iptc(dataset(90, b"Minsk") + b"\0\0\0").notes == ()


@pytest.mark.parametrize(
    ("digest", "is_newer"),
    [
        (md5(dataset(90, b"Minsk")).digest(), False),  # noqa: S324 - not for safety
        (b"d" * 16, True),
        (bytes(16), False),
        (b"", False),
    ],
)
def test_whether_it_was_changed_after_the_xmp(digest: bytes, is_newer: bool) -> None:
    assert read_iptc(dataset(90, b"Minsk"), digest=digest).is_newer_than_xmp is is_newer


def test_no_iptc_is_no_fault() -> None:
    assert read_iptc(b"") == Iptc()
