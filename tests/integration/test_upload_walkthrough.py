"""What docs/api.md says of sending a file, run word for word against a real server."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from portal.accounts import service as accounts_service
from portal.runtime import Runtime
from portal.settings import Settings
from portal.uploads import service
from portal.visibility import Role
from tests.served import served
from tests.stored_files import FLAC, asset_of, make_event, sha256

pytestmark = pytest.mark.postgres

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
PART_BYTES = 5 * 1024**2


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"upload_part_bytes": PART_BYTES})


def walk_through(**values: str) -> str:
    """The commands, with these values instead of those of the example."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(r"## Sending files.*?```sh\n(portal=[^\n]*)\n(.*?)```", text, re.DOTALL)
    assert found
    names = re.findall(r"(\w+)=", found[1])
    assert sorted(names) == sorted(values)
    given = " ".join(f"{name}={shlex.quote(value)}" for name, value in values.items())
    return f"set -euo pipefail\n{given}\n{found[2]}"


def test_the_walk_through_brings_a_file_in(runtime: Runtime, tmp_path: Path) -> None:
    content = FLAC + bytes(range(256)) * (44 * 1024)
    file = tmp_path / "press scrum.flac"
    file.write_bytes(content)
    make_event(runtime)
    with runtime.engine.begin() as connection:
        account = accounts_service.create_account(
            connection, "olga@example.org", name="Olga", role=Role.EDITOR
        )
        _, token = accounts_service.create_token(connection, account, label="tests")

    with served(runtime) as port:
        portal = f"http://127.0.0.1:{port}"
        script = walk_through(portal=portal, token=token, event="scrum", file=str(file))
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    completed = json.loads(done.stdout.splitlines()[-1])
    assert completed["state"] == "completing"
    assert completed["page_url"] == f"{portal}/en/assets/{completed['asset_id']}"
    finish_all(runtime)
    original = asset_of(runtime, completed["asset_id"]).original
    assert original is not None
    assert (original.declared_sha256, original.size_bytes) == (sha256(content), len(content))
    assert runtime.store.read(original.key) == content
    assert list(tmp_path.iterdir()) == [file]


def finish_all(runtime: Runtime) -> None:
    with runtime.engine.connect() as connection:
        ids = service.unfinished_upload_ids(connection, older_than_seconds=-1)
    for upload_id in ids:
        service.finish(runtime, upload_id)
