"""Whom our pages may ask for what: the store stands in a policy only where a page needs it."""

from __future__ import annotations

import pytest

from portal.settings import Settings
from portal.web.security_headers import content_security_policy

INSIDE = "http://store.internal:7070"
OUTSIDE = "https://media.example.org"


def policy(*, is_desk: bool, **given: str) -> dict[str, str]:
    """{directive: sources}."""
    keys = {"s3_access_key": "key", "s3_secret_key": "secret"}
    settings = Settings.model_validate({**keys, **given})
    told = content_security_policy(settings, is_desk=is_desk)
    return dict(part.partition(" ")[::2] for part in told.split("; "))


@pytest.mark.parametrize("delivery", ["portal", "nginx"])
def test_readers_are_not_told_of_a_store_that_sends_them_nothing(delivery: str) -> None:
    found = policy(is_desk=False, s3_endpoint_url=INSIDE, delivery=delivery)
    assert not [sources for sources in found.values() if INSIDE in sources]


@pytest.mark.parametrize("delivery", ["portal", "nginx"])
def test_the_desk_sends_parts_to_the_store_and_takes_nothing_from_it(delivery: str) -> None:
    found = policy(is_desk=True, s3_endpoint_url=INSIDE, delivery=delivery)
    assert found["connect-src"] == f"'self' {INSIDE}"
    assert [name for name, sources in found.items() if INSIDE in sources] == ["connect-src"]


@pytest.mark.parametrize("delivery", ["auto", "redirect"])
@pytest.mark.parametrize("is_desk", [True, False])
def test_media_come_from_the_store_that_delivery_redirects_to(delivery: str, is_desk: bool) -> None:
    found = policy(
        is_desk=is_desk,
        s3_endpoint_url=INSIDE,
        s3_public_url=f"{OUTSIDE}/of/a/path",
        delivery=delivery,
    )
    for name in ("img-src", "media-src", "connect-src"):
        assert found[name].endswith(f" {OUTSIDE}")
    assert INSIDE not in str(found)


@pytest.mark.parametrize("is_desk", [True, False])
def test_without_a_store_all_comes_from_us(is_desk: bool) -> None:
    found = policy(is_desk=is_desk)
    assert found["connect-src"] == "'self'"
    assert found["img-src"] == "'self' data:"
