"""How an upload begins: what is offered is checked, and the same file goes on where it stopped.

The store may be far away or hang: it is asked between transactions, never in one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from sqlalchemy import Connection

from portal.assets.models import Kind
from portal.errors import Conflict, InvalidInput, ObjectMissing, TooLarge, UnsupportedMedia
from portal.ids import new_id
from portal.runtime import Runtime
from portal.settings import Settings
from portal.storage import keys
from portal.storage.interface import StoredPart
from portal.storage.part_layout import PARTS_MAX, is_digest
from portal.uploads import repository
from portal.uploads.models import FileDescription, FileOffer, Upload, UploadState
from portal.uploads.part_addresses import new_key
from portal.uploads.parts import forget_parts
from portal.uploads.sniff import Sniffed, sniff

FILENAME_LENGTH_MAX = 255
OPEN_UPLOADS_MAX = 1000
"""Of one account. A page sends a few files at a time; so many are left by what fails again and
again, and each holds room in the store."""
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


@dataclass(frozen=True)
class _CheckedOffer:
    """An offer that is taken: its name without folders, and what its bytes say."""

    offer: FileOffer
    filename: str
    sniffed: Sniffed


def begin(runtime: Runtime, offer: FileOffer) -> Upload:
    """Open an upload for what is offered.

    Raises UnsupportedMedia, TooLarge, InvalidInput (an empty file, a bad name) or
    InsufficientStorage.
    """
    upload = _opened(runtime, _checked(runtime.settings, offer))
    with runtime.engine.begin() as connection:
        repository.add(connection, upload)
    return upload


def begin_or_resume(runtime: Runtime, offer: FileOffer) -> Begun:
    """The open upload of the very file, by the same account, or a new one.

    Two pages that offer the same file at once get the same upload. Raises as `begin`, or Conflict
    when the account has too many open.
    """
    checked = _checked(runtime.settings, offer)
    mark = fingerprint(offer)
    if offer.account_id is None or mark is None:
        return Begun(begin(runtime, offer), is_new=True)
    with runtime.engine.begin() as connection:
        known = repository.find_open_by_fingerprint(connection, mark)
        if known is None:
            _check_count(connection, offer.account_id)
    if known is None:
        upload = _opened(runtime, checked)
        known = _added_or_known(runtime, upload, mark)
        if known is None:
            return Begun(upload, is_new=True)
        forget_parts(runtime, upload)
    return _resumed(runtime, known, offer) or begin_or_resume(runtime, offer)


def _opened(runtime: Runtime, checked: _CheckedOffer) -> Upload:
    """Begun in the store, and known to nobody until it is added; else the sweep finds it."""
    offer, size_bytes = checked.offer, checked.offer.size_bytes
    asset_id = new_id()
    key = keys.original(asset_id)
    media_type = checked.sniffed.media_type
    part_bytes = max(runtime.settings.upload_part_bytes, -(-size_bytes // PARTS_MAX))
    return Upload(
        id=new_id(),
        event_id=offer.event_id,
        asset_id=asset_id,
        kind=checked.sniffed.kind,
        filename=checked.filename,
        media_type=media_type,
        key=key,
        storage_upload_id=runtime.uploads.begin(
            key, size_bytes=size_bytes, part_bytes=part_bytes, media_type=media_type
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


def _added_or_known(runtime: Runtime, upload: Upload, mark: str) -> Upload | None:
    """The upload that another page began of the same file meanwhile; else `upload` is added."""
    with runtime.engine.begin() as connection:
        repository.hold(connection, mark)
        known = repository.find_open_by_fingerprint(connection, mark)
        if known is None:
            repository.add(connection, upload)
    return known


def _resumed(runtime: Runtime, known: Upload, offer: FileOffer) -> Begun | None:
    """None when it has ended meanwhile, also by the store forgetting it."""
    try:
        parts = runtime.uploads.list_parts(known.key, known.storage_upload_id)
    except ObjectMissing:
        with runtime.engine.begin() as connection:
            repository.end_open(connection, known.id)
        return None
    with runtime.engine.begin() as connection:
        if not repository.note_activity(connection, known.id):
            return None
        if offer.description != FileDescription():
            repository.set_description(connection, known.id, offer.description)
            known = replace(known, description=offer.description)
    return Begun(known, is_new=False, parts=parts)


def _check_count(connection: Connection, account_id: str) -> None:
    """Raises Conflict. Some that begin at the very same time may go beyond it."""
    if repository.count_open(connection, account_id=account_id) >= OPEN_UPLOADS_MAX:
        raise Conflict(
            f"{OPEN_UPLOADS_MAX:,} files of this account are on their way in; send some of them "
            "to their end, or discard them, before another one begins."
        )


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


def _checked(settings: Settings, offer: FileOffer) -> _CheckedOffer:
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
    return _CheckedOffer(offer, name, sniffed)


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
