"""The fields of the embedded index, and documents as its rows. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

import tantivy

from portal.search.documents import Document
from portal.search.encoding import digest, encode
from portal.search.engines.interface import FACETS
from portal.search.fields import about_field, own_field

SCHEMA_VERSION = 2
"""Raise it when the fields below, those of a document or the tables of `text` change."""
NEVER = 2**62
"""Later than every instant, in microseconds: stands for "not withdrawn"."""
MICROSECOND = 1_000_000


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ("id", "owner_id"):
        builder.add_text_field(
            name, stored=name == "id", tokenizer_name="raw", index_option="basic"
        )
    for name in FACETS:
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("own", "about"):
        builder.add_text_field(f"{name}_words", tokenizer_name="whitespace")
        for form in ("stems", "keys"):
            builder.add_text_field(
                f"{name}_{form}", tokenizer_name="whitespace", index_option="freq"
            )
    for name in ("happened_at", "released_at", "withdrawn_at"):
        builder.add_integer_field(name, indexed=True, fast=True)
    builder.add_bytes_field("payload", stored=True)
    builder.add_text_field("digest", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


SCHEMA = _schema()


def row_of(document: Document) -> tantivy.Document:
    own, about = own_field(document), about_field(document)
    people = {*document.people, *filter(None, [document.person_slug])}
    row = {
        "id": document.id,
        "owner_id": document.owner_id,
        "kind": document.kind.value,
        "language": document.language,
        "event": document.event_slug,
        "person": sorted(people),
        "own_words": own.words,
        "own_stems": own.stems,
        "own_keys": own.keys,
        "about_words": about.words,
        "about_stems": about.stems,
        "about_keys": about.keys,
        "happened_at": microseconds(document.happened_at),
        "released_at": microseconds(document.released_at),
        "withdrawn_at": NEVER
        if document.withdrawn_at is None
        else microseconds(document.withdrawn_at),
        "payload": encode(document),
        "digest": digest(document),
    }
    present: dict[str, object] = {name: value for name, value in row.items() if value is not None}
    # from_dict with the schema: a bare Document(field=1) puts a signed number into an unsigned
    # field and kills the writer's thread.
    return tantivy.Document.from_dict(present, SCHEMA)


def microseconds(instant: datetime | None) -> int | None:
    """Whole microseconds since 1970, as exact as Postgres."""
    if instant is None:
        return None
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * MICROSECOND + since.microseconds
