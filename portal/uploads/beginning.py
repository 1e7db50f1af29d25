"""How an upload begins: what is offered is checked, and the same file goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from sqlalchemy import Connection

from portal.assets.models import Kind
from portal.errors import InvalidInput, ObjectMissing, TooLarge, UnsupportedMedia
from portal.ids import new_id
from portal.runtime import Runtime
from portal.settings import Settings
from portal.storage import keys
from portal.storage.interface import StoredPart
from portal.uploads import repository
from portal.uploads.models import FileDescription, FileOffer, Upload, UploadState
from portal.uploads.part_addresses import is_digest, new_key
from portal.uploads.sniff import Sniffed, sniff

FILENAME_LENGTH_MAX = 255
PART_COUNT_MAX = 10_000
"""The limit of S3; larger files get larger parts."""
_NO_PART_OF_NAMES = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, line ends, halves of characters, and what makes a name read backwards."""
KINDS_IN_WORDS = {
    Kind.VIDEO: "video",
    Kind.AUDIO: "audio",
    Kind.PHOTO: "photos",
    Kind.CAPTIONS: "captions",
}


@dataclass(frozen=True)
class Begun:
    """`is_new` is false when the same file was begun earlier and has not ended.

    `parts` are those that have arrived.
    """

    upload: Upload
    is_new: bool
    parts: Sequence[StoredPart] = ()


def begin(runtime: Runtime, connection: Connection, offer: FileOffer) -> Upload:
    """Open an upload for what is offered.

    Raises UnsupportedMedia, TooLarge, InvalidInput (an empty file, a bad name) or
    InsufficientStorage.
    """
    name, sniffed = _checked(runtime.settings, offer)
    size_bytes = offer.size_bytes
    asset_id = new_id()
    key = keys.original(asset_id)
    part_bytes = max(runtime.settings.upload_part_bytes, -(-size_bytes // PART_COUNT_MAX))
    upload = Upload(
        id=new_id(),
        event_id=offer.event_id,
        asset_id=asset_id,
        kind=sniffed.kind,
        filename=name,
        media_type=sniffed.media_type,
        key=key,
        storage_upload_id=runtime.uploads.begin(
            key, size_bytes=size_bytes, part_bytes=part_bytes, media_type=sniffed.media_type
        ),
        size_bytes=size_bytes,
        part_bytes=part_bytes,
        declared_sha256=offer.declared_sha256,
        state=UploadState.OPEN,
        description=offer.description,
        part_key=new_key(),
        account_id=offer.account_id,
        fingerprint=fingerprint(offer),
    )
    repository.add(connection, upload)
    return upload


def begin_or_resume(runtime: Runtime, connection: Connection, offer: FileOffer) -> Begun:
    """The open upload of the very file, by the same account, or a new one; raises as `begin`.

    Two pages that offer the same file at once get the same upload.
    """
    _checked(runtime.settings, offer)
    mark = fingerprint(offer)
    if mark is not None:
        repository.hold(connection, mark)
        known = repository.find_open_by_fingerprint(connection, mark)
        if known is not None and (resumed := _resumed(runtime, connection, known, offer)):
            return resumed
    return Begun(begin(runtime, connection, offer), is_new=True)


def _resumed(
    runtime: Runtime, connection: Connection, known: Upload, offer: FileOffer
) -> Begun | None:
    """None when the store has forgotten the upload; then it has ended for us too."""
    try:
        parts = runtime.uploads.list_parts(known.key, known.storage_upload_id)
    except ObjectMissing:
        repository.set_state(connection, known.id, UploadState.ABORTED)
        return None
    repository.note_activity(connection, known.id)
    if offer.description != FileDescription():
        repository.set_description(connection, known.id, offer.description)
        known = replace(known, description=offer.description)
    return Begun(known, is_new=False, parts=parts)


def fingerprint(offer: FileOffer) -> str | None:
    """The same for a file that is offered again; None where nobody can be told from another."""
    if offer.account_id is None:
        return None
    said = [
        offer.account_id,
        offer.event_id,
        offer.filename,
        offer.size_bytes,
        offer.last_modified_ms,
        hashlib.sha256(offer.head).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _checked(settings: Settings, offer: FileOffer) -> tuple[str, Sniffed]:
    """The name without folders, and what the bytes say."""
    name = _checked_name(offer.filename)
    _check_size(settings, name, offer.size_bytes)
    if offer.declared_sha256 is not None and not is_digest(offer.declared_sha256):
        raise InvalidInput(f"The SHA-256 given for {name} is not 64 hexadecimal digits.")
    sniffed = sniff(name, offer.head)
    if sniffed.kind not in settings.upload_kinds:
        taken = ", ".join(KINDS_IN_WORDS[Kind(kind)] for kind in settings.upload_kinds)
        raise UnsupportedMedia(
            f"{name} holds {KINDS_IN_WORDS[sniffed.kind]}, which this portal does not take; "
            f"it takes {taken or 'nothing'}."
        )
    return name, sniffed


def _checked_name(filename: str) -> str:
    name = PurePath(filename.replace("\\", "/")).name
    if not name or len(name) > FILENAME_LENGTH_MAX or _NO_PART_OF_NAMES.search(name):
        raise InvalidInput(
            f"{filename[:80]!r} cannot be a file's name: "
            f"it has 1 to {FILENAME_LENGTH_MAX} printable characters.",
            fields={"filename": f"Give it 1 to {FILENAME_LENGTH_MAX} printable characters."},
        )
    return name


def _check_size(settings: Settings, name: str, size_bytes: int) -> None:
    if size_bytes <= 0:
        fault = f"{name} is empty (0 bytes)."
        raise InvalidInput(fault, fields={"size_bytes": fault})
    limit = settings.upload_bytes_max
    if size_bytes > limit:
        fault = f"{name} has {size_bytes} bytes; at most {limit} are taken."
        raise TooLarge(fault, fields={"size_bytes": fault})
