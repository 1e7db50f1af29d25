"""What recordings and photos tell of places and devices stays in the originals, whatever is made.

The whole pipeline runs by the real command; then every byte that is stored is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.processes import Installation
from tests.e2e.test_outside_parts import run
from tests.media import make_clip

pytestmark = [pytest.mark.e2e, pytest.mark.media, pytest.mark.timeout(600)]

PLACE = b"+53.9045+027.5615"
CANARIES = (PLACE, b"TITLECANARY", b"SERIALCANARY", b"COMMENTCANARY", b"SEICANARY", b"TAILCANARY")
TAGS = (
    *("-metadata", "title=TITLECANARY", "-metadata", "comment=COMMENTCANARY"),
    *("-metadata", f"location={PLACE.decode()}/", "-metadata", f"location-eng={PLACE.decode()}/"),
    *("-metadata", f"com.apple.quicktime.location.ISO6709={PLACE.decode()}/"),
    *("-metadata", "com.apple.quicktime.model=SERIALCANARY"),
)
AS_KEYS = ("-movflags", "use_metadata_tags")
IN_PICTURES = "h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+SEICANARY"
"""How drones and cameras write where they are into the pictures' own stream."""


def plain(path: Path) -> None:
    """Of a rate that has to be encoded anew, its tags as atoms of QuickTime."""
    make_clip(path, seconds=3, size="640x360", options=TAGS)


def keyed(path: Path) -> None:
    """Its tags as keys, as phones write them, and something after its end."""
    make_clip(path, seconds=3, size="640x360", options=(*TAGS, *AS_KEYS))
    with path.open("ab") as file:
        file.write(b"\0\0\0\x12freeTAILCANARY")


def compliant(path: Path) -> None:
    """One whose pictures can be taken over as they are."""
    encoded: tuple[str, ...] = (
        "-c:v",
        "libx264",
        "-profile:v",
        "high",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "50",
    )
    encoded += (
        "-keyint_min",
        "50",
        "-sc_threshold",
        "0",
        "-c:a",
        "aac",
        "-ac",
        "2",
        "-ar",
        "48000",
    )
    sei = ("-bsf:v", IN_PICTURES, "-movflags", "+faststart+use_metadata_tags")
    make_clip(path, seconds=6, size="640x360", options=(*encoded, *TAGS, *sei))


def matroska(path: Path) -> None:
    make_clip(path, seconds=3, size="320x180", options=TAGS)


def sound(path: Path) -> None:
    make_clip(path, seconds=3, picture=False, options=(*TAGS, *AS_KEYS))


def picture(path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0xC62F] = "SERIALCANARY", "SERIALCANARY"
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0COMMENTCANARY " + PLACE
    Image.effect_noise((900, 600), 60).save(path, exif=exif, comment=b"COMMENTCANARY")


MAKERS = {
    "plain.mov": plain,
    "keyed.mov": keyed,
    "compliant.mp4": compliant,
    "scrum.mkv": matroska,
    "sound.m4a": sound,
    "photo.jpg": picture,
}
BOMB = "bomb.png"


@dataclass(frozen=True)
class TakenIn:
    """What `ingest` said of each file, and the files of the store by key."""

    said: Mapping[str, Mapping[str, str]]
    stored: Mapping[str, Path]

    def of(self, name: str) -> Sequence[tuple[str, bytes]]:
        prefix = f"assets/{self.said[name]['asset_id']}/"
        found = [(key, path) for key, path in self.stored.items() if key.startswith(prefix)]
        return [(key.removeprefix(prefix), path.read_bytes()) for key, path in found]


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> TakenIn:
    folder = tmp_path_factory.mktemp("public")
    material = folder / "material"
    material.mkdir()
    for name, make in MAKERS.items():
        make(material / name)
    Image.new("1", (16_000, 16_000)).save(material / BOMB)
    machine = Installation(folder / "data")
    done = run(machine, "ingest", material, "--event", "public", "--wait", "--json")
    machine.end()
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    objects = machine.folder / "objects"
    stored = {str(p.relative_to(objects)): p for p in objects.rglob("*") if p.is_file()}
    return TakenIn({Path(row["path"]).name: row for row in rows}, stored)


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_that_is_made_tells_what_the_original_knows(taken_in: TakenIn, name: str) -> None:
    assert taken_in.said[name]["state"] == "ready", taken_in.said[name]
    files = dict(taken_in.of(name))
    original = files.pop("original")
    planted = [word for word in CANARIES if word in original]
    assert PLACE in planted
    assert len(planted) >= 3
    assert files
    for key, data in files.items():
        assert not [word for word in CANARIES if word in data], key


def test_downloads_are_among_what_was_looked_at(taken_in: TakenIn) -> None:
    made = {key.rpartition("/")[2] for name in MAKERS for key, _ in taken_in.of(name)}
    assert {"video.mp4", "sound.m4a", "poster.jpg", "init.mp4", "photo-800.webp"} <= made


def test_a_picture_made_to_exhaust_us_is_refused_and_the_others_come_in(taken_in: TakenIn) -> None:
    refused = taken_in.said[BOMB]
    assert refused["state"] == "failed"
    assert "has more than 100,000,000 pixels" in refused["detail"]
