from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.addresses import local_path, page_path


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "https://evil.test/",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "\\/evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "javascript:alert(1)",
        " /en/",
        "en/",
        "/" + "a" * 3000,
    ],
)
def test_a_next_that_leaves_the_site_is_refused(value: str | None) -> None:
    assert local_path(value, default="/en/") == "/en/"


@pytest.mark.parametrize("value", ["/", "/en/search?q=a%20b&page=2", "/desk/событие", "/en/a#b"])
def test_a_local_next_is_kept(value: str) -> None:
    assert local_path(value, default="/elsewhere") == value


@given(st.text(alphabet="/\\:@.?#\t\n\r evilte", max_size=30))
def test_whatever_is_kept_stays_on_this_host(value: str) -> None:
    kept = local_path(value, default="/en/")
    # as browsers do: backslashes are slashes, tabs and line ends vanish
    seen = kept.replace("\\", "/").replace("\t", "").replace("\n", "").replace("\r", "")
    assert (
        urlsplit(f"https://press.test{seen}" if seen[:2] != "//" else seen).netloc == "press.test"
    )


def test_page_path_quotes_its_parts() -> None:
    assert page_path("en") == "/en/"
    assert page_path("ru", "events", "press-scrum") == "/ru/events/press-scrum"
    assert page_path("be", "people", "a/../б?") == "/be/people/a%2F..%2F%D0%B1%3F"
