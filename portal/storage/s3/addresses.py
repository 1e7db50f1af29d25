"""The signed addresses by which browsers reach the store itself."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import urlsplit

from portal.errors import InvalidInput
from portal.storage.interface import (
    ADDRESS_SECONDS_MAX,
    ADDRESS_SECONDS_MIN,
    SignedAddresses,
    SignedRequest,
)
from portal.storage.keys import checked_key
from portal.storage.part_layout import is_digest
from portal.storage.s3.signing import AddressForm, Signer, encoded_path
from portal.storage.s3.upload_ids import parse_upload_id

STABLE_SECONDS = ADDRESS_SECONDS_MAX - ADDRESS_SECONDS_MIN
"""All addresses of one object that are given within such a period are the same."""
PART_SECONDS = 3600
"""A slow line may take long to come to a part; asking for a fresh address costs nothing."""
CHECKSUM_HEADER = "x-amz-checksum-sha256"
_FORMS_MAX = 64
_ANSWER_PARAMETERS: Mapping[str, str] = {
    "content-type": "response-content-type",
    "content-disposition": "response-content-disposition",
    "cache-control": "response-cache-control",
}


class S3Addresses(SignedAddresses):
    """`public_url` is the store's address as browsers have it; a path in it comes before the
    bucket's name.
    """

    def __init__(
        self,
        signer: Signer,
        *,
        public_url: str,
        bucket: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        parts = urlsplit(public_url)
        self._signer = signer
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._folder = (
            encoded_path(parts.path.strip("/"), bucket)
            if parts.path.strip("/")
            else (encoded_path(bucket))
        )
        self._clock = clock
        self._period = 0
        self._forms: dict[object, AddressForm] = {}

    def object_address(
        self,
        key: str,
        *,
        method: str = "GET",
        answer_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        # Our keys need no percent-encoding.
        return self._form(method, answer_headers).address(f"{self._folder}/{checked_key(key)}")

    def part_request(self, key: str, upload_id: str, number: int, *, sha256: str) -> SignedRequest:
        upload = parse_upload_id(upload_id)
        upload.layout.expected_bytes(number)
        headers = {CHECKSUM_HEADER: checksum_of(sha256)}
        form = AddressForm(
            signer=self._signer,
            origin=self._origin,
            method="PUT",
            instant=datetime.fromtimestamp(self._clock(), UTC),
            valid_seconds=PART_SECONDS,
            parameters={"uploadId": upload.vendor_id, "partNumber": str(number)},
            headers=headers,
        )
        return SignedRequest(
            url=form.address(f"{self._folder}/{checked_key(key)}"), headers=headers
        )

    def _form(self, method: str, answer_headers: Mapping[str, str]) -> AddressForm:
        """Prepared once per period, method and headers."""
        period = int(self._clock()) // STABLE_SECONDS
        if period != self._period or len(self._forms) > _FORMS_MAX:
            self._forms, self._period = {}, period
        name = (period, method, *answer_headers.items())
        form = self._forms.get(name)
        if form is None:
            form = self._forms[name] = self._new_form(period, method, answer_headers)
        return form

    def _new_form(self, period: int, method: str, answer_headers: Mapping[str, str]) -> AddressForm:
        return AddressForm(
            signer=self._signer,
            origin=self._origin,
            method=method,
            instant=datetime.fromtimestamp(period * STABLE_SECONDS, UTC),
            valid_seconds=ADDRESS_SECONDS_MAX,
            parameters={
                _ANSWER_PARAMETERS[name.lower()]: value for name, value in answer_headers.items()
            },
        )


def checksum_of(sha256: str) -> str:
    """The digest as S3 writes it, in base64. Raises InvalidInput."""
    if not is_digest(sha256):
        raise InvalidInput("A SHA-256 is given as 64 hexadecimal digits in lower case.")
    return base64.b64encode(bytes.fromhex(sha256)).decode()
