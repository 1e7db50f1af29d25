from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from portal.delivery.conditions import forwarded_range, requested_range
from portal.delivery.handover import REDIRECT_SECONDS, accelerated, redirected
from portal.delivery.senders import Sender, sender_of
from portal.delivery.sources import Source
from portal.settings import Settings
from portal.storage.interface import (
    ADDRESS_SECONDS_MAX,
    ADDRESS_SECONDS_MIN,
    SignedAddresses,
    SignedRequest,
)

SEGMENT = Source(
    key="assets/a/transcode/1/720p/00001.m4s",
    etag='"a/00001"',
    media_type="video/iso.segment",
    is_public=True,
    caching="public, max-age=300",
)
ORIGINAL = replace(
    SEGMENT,
    key="assets/a/original",
    media_type="application/octet-stream",
    is_public=False,
    headers={"Content-Disposition": "attachment", "Content-Security-Policy": "sandbox"},
)


@dataclass(frozen=True)
class Addresses(SignedAddresses):
    """Tells in the address what it was made for."""

    origin: str = "https://store.example.org"

    def object_address(
        self,
        key: str,
        *,
        method: str = "GET",
        answer_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        said = "".join(f"&{name.lower()}={value}" for name, value in answer_headers.items())
        return f"{self.origin}/bucket/{key}?signed-for={method}{said}"

    def part_request(self, key: str, upload_id: str, number: int, *, sha256: str) -> SignedRequest:
        return SignedRequest(f"{self.origin}/{key}/{upload_id}/{number}/{sha256}", {})


def redirect(source: Source, *, method: str = "GET") -> Response:
    return redirected(source, method=method, addresses=Addresses())


def hand_over(
    source: Source, *, addresses: SignedAddresses | None = None, **asked: str
) -> Response:
    headers = {name.replace("_", "-"): value for name, value in asked.items()}
    return accelerated(source, method="GET", asked=headers, addresses=addresses)


# --- who sends -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "with_store", "sender"),
    [
        ("auto", False, Sender.PORTAL),
        ("auto", True, Sender.REDIRECT),
        ("portal", True, Sender.PORTAL),
        ("redirect", True, Sender.REDIRECT),
        ("nginx", False, Sender.NGINX),
        ("nginx", True, Sender.NGINX),
    ],
)
def test_who_sends(chosen: str, with_store: bool, sender: Sender) -> None:
    store = {"s3_endpoint_url": "http://store:7070", "s3_access_key": "k", "s3_secret_key": "s"}
    settings = Settings.model_validate({"delivery": chosen, **(store if with_store else {})})
    assert sender_of(settings) is sender


# --- redirects -------------------------------------------------------------------------------


def test_a_redirect_carries_no_byte_and_names_what_the_store_must_say() -> None:
    answer = redirect(SEGMENT)
    assert (answer.status_code, answer.body) == (302, b"")
    assert answer.headers["location"] == (
        "https://store.example.org/bucket/assets/a/transcode/1/720p/00001.m4s?signed-for=GET"
        "&content-type=video/iso.segment&cache-control=public, max-age=300"
    )
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_a_redirect_is_kept_for_less_than_its_address_lives() -> None:
    assert REDIRECT_SECONDS < ADDRESS_SECONDS_MIN <= ADDRESS_SECONDS_MAX <= 300
    assert redirect(SEGMENT).headers["cache-control"] == f"public, max-age={REDIRECT_SECONDS}"
    hidden = redirect(replace(SEGMENT, is_public=False))
    assert hidden.headers["cache-control"] == "private, no-store"
    assert "cache-control=private, no-store" in hidden.headers["location"]
    assert hidden.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_redirect_cannot_be_revived_by_a_304() -> None:
    assert "etag" not in redirect(SEGMENT).headers


def test_a_head_is_signed_as_a_head() -> None:
    assert "signed-for=HEAD" in redirect(SEGMENT, method="HEAD").headers["location"]


def test_the_store_hands_an_original_out_as_an_attachment_of_no_type() -> None:
    location = redirect(ORIGINAL).headers["location"]
    assert "content-type=application/octet-stream" in location
    assert "content-disposition=attachment" in location
    assert "sandbox" not in location


# --- nginx -----------------------------------------------------------------------------------


def test_nginx_is_sent_to_the_file() -> None:
    answer = hand_over(SEGMENT)
    assert (answer.status_code, answer.body) == (200, b"")
    told = answer.headers
    assert told["x-accel-redirect"] == "/-/objects/assets/a/transcode/1/720p/00001.m4s"
    assert told["content-type"] == "video/iso.segment"
    assert told["etag"] == SEGMENT.etag
    assert told["cache-control"] == SEGMENT.caching


def test_nginx_is_sent_to_the_store_without_naming_its_host() -> None:
    place = hand_over(ORIGINAL, addresses=Addresses("http://store:7070")).headers[
        "x-accel-redirect"
    ]
    assert place == "/-/store/bucket/assets/a/original?signed-for=GET"


def test_what_an_original_must_say_goes_along() -> None:
    told = hand_over(ORIGINAL).headers
    assert told["content-disposition"] == "attachment"
    assert told["content-security-policy"] == "sandbox"
    assert told["cache-control"] == "private, no-store"


def test_a_range_goes_along_unless_the_asker_has_another_version() -> None:
    assert hand_over(SEGMENT, range="bytes=1-2").headers["x-media-range"] == "bytes=1-2"
    kept = hand_over(SEGMENT, range="bytes=1-2", if_range=SEGMENT.etag)
    assert kept.headers["x-media-range"] == "bytes=1-2"
    other = hand_over(SEGMENT, range="bytes=1-2", if_range='"other"')
    assert other.headers["x-media-range"] == ""


@given(st.text(alphabet="bytes=-, 0123456789\r\n\u0661", max_size=24) | st.text(max_size=24))
def test_only_a_range_that_we_honour_is_passed_on(value: str) -> None:
    size_bytes = 10**19
    passed = forwarded_range({"range": value}, etag=SEGMENT.etag)
    ours = requested_range({"range": value}, size_bytes=size_bytes, etag=SEGMENT.etag)
    assert bool(passed) is (ours is not None)
    assert re.fullmatch(r"|bytes=([0-9]+-[0-9]*|-[0-9]+)", passed)
    again = requested_range({"range": passed}, size_bytes=size_bytes, etag=SEGMENT.etag)
    assert again == ours
