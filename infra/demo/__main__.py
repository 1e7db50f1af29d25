"""`python -m infra.demo FOLDER`: make the demonstration material unless it is there already."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track

from infra.demo import photo, recording, speech
from infra.demo.album import SHOTS
from infra.demo.captions import WRITERS
from infra.demo.event_file import event_file
from infra.demo.programs import ProgramError
from infra.demo.screenplay import SCENES, Scene

THREADS = 2
console = Console(highlight=False)


def main(folder: Path) -> int:
    """The exit code: 0, or 2 when a program is missing or fails."""
    if _is_up_to_date(folder):
        return 0
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="material-", dir=folder.parent) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            _make(made, scratch=Path(scratch))
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    except ProgramError as error:
        console.print(str(error), style="red")
        return 2
    _stamp(folder).write_text(_digest())
    return 0


def _make(folder: Path, *, scratch: Path) -> None:
    (folder / "event.yaml").write_text(event_file(), encoding="utf-8")
    tasks: list[Callable[[], object]] = [
        *(partial(_record, scene, scratch=scratch, into=folder) for scene in SCENES),
        *(partial(photo.write, shot, into=folder) for shot in SHOTS),
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(task) for task in tasks]
        for future in track(running, "==> Demonstration material", console=console):
            future.result()


def _record(scene: Scene, *, scratch: Path, into: Path) -> None:
    spoken = speech.speak(scene, into=scratch)
    recording.film(scene, spoken, scratch=scratch, into=into)
    for language, ending in scene.captions.items():
        text = WRITERS[ending](spoken.lines, language)
        (into / f"{scene.stem}.{language}.{ending}").write_text(text, encoding="utf-8")


def _is_up_to_date(folder: Path) -> bool:
    stamp = _stamp(folder)
    return folder.is_dir() and stamp.is_file() and stamp.read_text() == _digest()


def _stamp(folder: Path) -> Path:
    """Beside the folder: whatever is in the folder would be brought in."""
    return folder.with_name(f"{folder.name}.stamp")


def _digest() -> str:
    """Of all that the material is made by."""
    return hashlib.sha256(b"".join(_sources())).hexdigest()


def _sources() -> Iterator[bytes]:
    for source in sorted(Path(__file__).parent.glob("*.py")):
        yield source.read_bytes()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
