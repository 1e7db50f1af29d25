"""What is sent of the paths that a user names, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import InvalidInput
from portal.events.manifest import ManifestError
from portal.events.marked_yaml import TEXT_BYTES_MAX
from portal.ingest.folders import list_files, plan_paths
from portal.ingest.plan import is_left_out, sending_order

MANIFEST = """\
slug: scrum
title: Scrum
programme:
  - {title: Opening}
  - {title: Scrum, recordings: [scrum.mp4]}
files:
  scrum.mp4: {title: The scrum}
  day 1/a.jpg: {caption: At work}
"""


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def described(folder: Path, text: str = MANIFEST) -> Path:
    (folder / "event.yaml").write_text(text, encoding="utf-8")
    return fill(folder, "scrum.mp4", "scrum.en.vtt", "day 1/a.jpg")


def test_recordings_come_first_then_captions_then_photos_in_the_order_of_their_numbers() -> None:
    names = ["2 b.JPG", "10.jpg", "talk.en.vtt", "9.jpg", "talk.mp4", "sound.flac", "odd.xyz"]

    assert sending_order(names) == [
        *("odd.xyz", "sound.flac", "talk.mp4", "talk.en.vtt"),
        *("2 b.JPG", "9.jpg", "10.jpg"),
    ]


@given(st.lists(st.text(min_size=1, max_size=8), unique=True))
def test_nothing_is_lost_by_ordering(names: list[str]) -> None:
    assert sorted(sending_order(names)) == sorted(names)


@pytest.mark.parametrize(
    "name",
    [
        *("event.yaml", ".DS_Store", "photos/._1.jpg", ".git/config", "Thumbs.db", "desktop.ini"),
        *("README.md", "readme", "photos/ReadMe.txt", "__MACOSX/1.jpg", "@eaDir/1.jpg"),
    ],
)
def test_what_is_no_material_is_left_out(name: str) -> None:
    assert is_left_out(name)


@pytest.mark.parametrize("name", ["a.jpg", "notes.txt", "readmission.mp4", "day.1/clip.mp4"])
def test_everything_else_is_sent_even_if_it_will_be_refused(name: str) -> None:
    assert not is_left_out(name)


def test_a_folder_is_walked(tmp_path: Path) -> None:
    fill(tmp_path, "b/2.jpg", "a.mp4", ".hidden", "README.md")

    (plan,) = plan_paths([tmp_path], event_slug="real")

    assert plan.slug == "real"
    assert [file.name for file in plan.files] == ["a.mp4", "b/2.jpg"]
    assert [file.path for file in plan.files] == [tmp_path / "a.mp4", tmp_path / "b/2.jpg"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.jpg")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)

    assert list_files(tmp_path) == ["a/1.jpg"]


def test_a_file_named_twice_is_sent_once(tmp_path: Path) -> None:
    fill(tmp_path, "a.mp4")

    (plan,) = plan_paths([tmp_path, tmp_path / "a.mp4"], event_slug="real")

    assert len(plan.files) == 1


def test_files_of_one_name_from_two_folders_are_both_sent(tmp_path: Path) -> None:
    fill(tmp_path, "one/IMG_1.jpg", "two/IMG_1.jpg")

    (plan,) = plan_paths([tmp_path / "one", tmp_path / "two"], event_slug="real")

    assert [file.path.parent.name for file in plan.files] == ["one", "two"]


def test_a_folder_with_event_yaml_is_a_whole_event(tmp_path: Path) -> None:
    (plan,) = plan_paths([described(tmp_path)], event_slug=None)

    assert plan.slug == "scrum"
    scrum, captions, photo = plan.files
    assert (scrum.name, scrum.programme_position) == ("scrum.mp4", 1)
    assert scrum.entry.title == {"en": "The scrum"}
    assert (captions.name, captions.programme_position) == ("scrum.en.vtt", None)
    assert photo.entry.caption == {"en": "At work"}


def test_the_manifest_itself_stands_for_its_folder(tmp_path: Path) -> None:
    described(tmp_path)

    assert plan_paths([tmp_path / "event.yaml"], event_slug="scrum") == plan_paths(
        [tmp_path], event_slug=None
    )


def test_described_and_loose_files_are_two_plans(tmp_path: Path) -> None:
    folder = tmp_path / "event"
    folder.mkdir()
    described(folder)
    fill(tmp_path, "more.jpg")

    with pytest.raises(InvalidInput, match="leave --event out"):
        plan_paths([folder, tmp_path / "more.jpg"], event_slug="other")
    plans = plan_paths([folder, tmp_path / "more.jpg"], event_slug="scrum")
    assert [len(plan.files) for plan in plans] == [3, 1]


def test_files_need_an_event(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--event SLUG"):
        plan_paths([fill(tmp_path, "a.jpg")], event_slug=None)


def test_a_bad_address_of_an_event_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="small Latin letters"):
        plan_paths([fill(tmp_path, "a.jpg")], event_slug="../x")


def test_an_event_inside_another_folder_must_be_named_itself(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", "inner/event.yaml")

    with pytest.raises(InvalidInput, match="describes an event of its own"):
        plan_paths([tmp_path], event_slug="real")


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        plan_paths([tmp_path], event_slug="real")


def test_an_event_may_have_no_files_yet(tmp_path: Path) -> None:
    (tmp_path / "event.yaml").write_text("slug: a\ntitle: T\n")

    (plan,) = plan_paths([tmp_path], event_slug=None)

    assert plan.files == ()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"slug: a\ntitle: \xff\n", "line 2: this is not UTF-8"),
        ("é".encode() * TEXT_BYTES_MAX, "larger than 1 MB"),
        (b"slug: a\ntitle: T\nfiles: {.hidden.jpg: {}}\n", "not in the folder"),
    ],
)
def test_faults_of_the_file_itself(tmp_path: Path, data: bytes, fault: str) -> None:
    fill(tmp_path, ".hidden.jpg")
    (tmp_path / "event.yaml").write_bytes(data)

    with pytest.raises(ManifestError, match=fault):
        plan_paths([tmp_path], event_slug=None)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "event.yaml").write_text("slug: a\ntitle: T\n", encoding="utf-8-sig")

    assert plan_paths([tmp_path], event_slug=None)[0].slug == "a"
