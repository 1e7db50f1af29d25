"""The event.yaml that editors copy from their guide can be used as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from portal.events.manifest import read_manifest

GUIDE = Path(__file__).parents[2] / "docs" / "editors.md"


def test_the_guides_example_is_read_whole() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)

    manifest = read_manifest(example, present=("scrum.mp4", "2019-06-04 - 120_.jpg"))

    assert manifest.event.summary == {"en": "One or two sentences, for lists."}
    assert [person.name for person in manifest.event.people] == ["Gerold Jarosch"]
    assert len(manifest.files) == 2
