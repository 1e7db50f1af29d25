"""What the portal makes has its names and media types from one table."""

from __future__ import annotations

import ast

import pytest

from portal.assets import made_files
from tests.architecture.source import INSTALLED, modules, refuse

TABLE = "portal/assets/made_files.py"
OF_THE_TABLE = (made_files.PLAYLIST_TYPE, made_files.SEGMENT_TYPE, made_files.INIT)


def test_types_of_what_we_make_stand_in_one_table() -> None:
    refuse(
        [
            f"{module.path}:{node.lineno} writes {node.value!r} down again"
            for module in modules(*INSTALLED)
            if module.path != TABLE
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Constant) and node.value in OF_THE_TABLE
        ],
        because=f"Who stores, sends and moves a file takes its type from {TABLE}.",
    )


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("init.mp4", "video/mp4"),
        ("assets/a/transcode/1/360p/00001.m4s", "video/iso.segment"),
        ("poster.jpg", "image/jpeg"),
        ("assets/a/original", "application/octet-stream"),
    ],
)
def test_a_file_that_we_made_tells_its_type_by_its_name(name: str, media_type: str) -> None:
    assert made_files.media_type_of(name) == media_type
