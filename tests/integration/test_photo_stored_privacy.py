"""What an original knows of a place, a camera and its owner is in no table and no document."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from PIL.TiffImagePlugin import IFDRational
from sqlalchemy import Connection, insert, text

from portal.assets import service as assets
from portal.assets.models import Kind
from portal.db import tables
from portal.events import service as events
from portal.ids import new_id
from portal.photos import service
from portal.search.builders import asset_documents, event_documents
from portal.search.repository import read_assets, read_event
from portal.visibility import INSTALLATION
from tests.photo_blocks import dataset, exif_block, jpeg_with, packet
from workers.photo.merge import read_metadata

pytestmark = pytest.mark.postgres

PRIVATE = ("SERIALCANARY", "OWNERCANARY", "MAKERCANARY", "PLACECANARY", "HISTORYCANARY", "53.9045")


def telling_photo() -> bytes:
    place = {
        1: "N",
        2: (IFDRational(53), IFDRational(54), IFDRational(162718, 10000)),
        7: (IFDRational(7), IFDRational(15), IFDRational(0)),
        0x1D: "2019:06:04",
        0x1C: b"ASCII\0\0\0PLACECANARY",
    }
    camera = {
        0x9003: "2019:06:04 10:15:00",
        0x927C: b"MAKERCANARY",
        0xA430: "OWNERCANARY",
        0xA431: "SERIALCANARY",
        0xA435: "SERIALCANARY",
    }
    xmp = packet(
        "<xmpMM:History><rdf:Seq><rdf:li>HISTORYCANARY</rdf:li></rdf:Seq></xmpMM:History>"
        '<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li Iptc4xmpExt:City="Minsk"'
        ' Iptc4xmpExt:Sublocation="PLACECANARY"/></rdf:Bag></Iptc4xmpExt:LocationShown>',
        'aux:SerialNumber="SERIALCANARY" aux:OwnerName="OWNERCANARY" exif:GPSLatitude="53.9045"'
        r' crs:RawFileName="C:\Users\OWNERCANARY\IMG_0001.CR3"',
    )
    exif = exif_block({0x010F: "Canon", 0x0110: "EOS R5", 0xC62F: "SERIALCANARY"}, camera, place)
    return jpeg_with(exif, dataset(120, b"Scrum") + dataset(92, b"PLACECANARY"), xmp)


@pytest.fixture
def stored(connection: Connection, tmp_path: Path) -> str:
    """The id of a photo that told everything."""
    data = telling_photo()
    assert all(word.encode() in data for word in PRIVATE)
    (tmp_path / "a.jpg").write_bytes(data)
    read = read_metadata(tmp_path / "a.jpg", now=datetime.now(UTC))
    event, asset_id = events.ensure_event(connection, "scrum"), new_id()
    connection.execute(
        insert(tables.assets).values(
            id=asset_id, event_id=event.id, kind=Kind.PHOTO, filename="a.jpg"
        )
    )
    asset = assets.get_asset(connection, asset_id, viewer=INSTALLATION)
    service.record_photo(
        connection,
        asset,
        read.metadata,
        width=400,
        height=300,
        clock=read.clock,
        camera=read.camera,
    )
    return asset_id


def test_the_rest_is_taken(connection: Connection, stored: str) -> None:
    asset = assets.get_asset(connection, stored, viewer=INSTALLATION)
    assert asset.photo is not None
    assert (asset.photo.caption, asset.photo.city) == ("Scrum", "Minsk")
    assert (asset.photo.camera, asset.photo.original_filename) == ("Canon EOS R5", "IMG_0001.CR3")
    assert asset.captured_at == datetime(2019, 6, 4, 7, 15, tzinfo=UTC)


@pytest.mark.usefixtures("stored")
def test_no_table_holds_what_is_private(connection: Connection) -> None:
    rows = 0
    for table in tables.metadata.sorted_tables:
        for row in connection.scalars(text(f'SELECT to_jsonb(t)::text FROM "{table}" t')):  # noqa: S608
            rows += 1
            assert not [word for word in PRIVATE if word in row], table.name
    assert rows >= 5


def test_no_document_holds_what_is_private(connection: Connection, stored: str) -> None:
    (asset,) = read_assets(connection, ids=[stored])
    event_id = assets.get_asset(connection, stored, viewer=INSTALLATION).event_id
    event = read_event(connection, event_id)
    assert event is not None
    documents = [*event_documents(event), *asset_documents(event, asset)]
    assert len(documents) == 2
    written = "\n".join(map(repr, documents))
    assert "Scrum" in written
    assert not [word for word in PRIVATE if word in written]


def test_the_digest_of_a_serial_number_cannot_be_looked_up(
    connection: Connection, stored: str
) -> None:
    """It has the event as its key, and stands in no answer."""
    asset = assets.get_asset(connection, stored, viewer=INSTALLATION)
    (camera,) = service.list_cameras(connection, asset.event_id)
    fingerprint = connection.execute(text("SELECT fingerprint FROM camera_clocks")).scalar_one()
    guess = sha256(b"Canon\0EOS R5\0SERIALCANARY").hexdigest()
    assert len(fingerprint) == len(guess)
    assert fingerprint != guess
    assert fingerprint not in repr(camera)
