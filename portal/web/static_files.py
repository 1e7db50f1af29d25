"""Scripts and styles: built into static/dist, named by their content, cached for ever."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIST = Path(__file__).parents[2] / "static" / "dist"
MANIFEST = "manifest.json"
FOR_EVER = "public, max-age=31536000, immutable"


class BuiltFiles(StaticFiles):
    """A name that the manifest gives holds a hash of the content, so it never changes."""

    def __init__(self, directory: Path = DIST) -> None:
        super().__init__(directory=directory, check_dir=False)
        self.config_checked = True  # else a folder that is not built is an error, not a 404
        self.manifest_folder = directory

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        name = Path(full_path).relative_to(self.manifest_folder.resolve()).as_posix()
        is_hashed = name in read_manifest(self.manifest_folder).values()
        response.headers["Cache-Control"] = FOR_EVER if is_hashed else "no-cache"
        return response


def static_url(name: str) -> str:
    """The address of a built file by its plain name: `portal.css` -> /static/portal.1f2e3d.css"""
    return f"/static/{read_manifest().get(name, name)}"


def read_manifest(folder: Path = DIST) -> Mapping[str, str]:
    """{plain name: built name}; empty when nothing was built. A new build is seen at once."""
    path = folder / MANIFEST
    try:
        return _parsed(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}


@cache
def _parsed(path: Path, _changed_ns: int) -> Mapping[str, str]:
    return dict(json.loads(path.read_text()))
