"""Files that name other files or hosts, and what tries to write elsewhere: nothing is reached.

Each trick was seen to work against a bare ffmpeg 5.1. A recording that nobody may see lies beside
the one under work, and somebody listens on the loopback.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from portal.assets.models import Kind, Step
from portal.errors import ProcessingError
from portal.runtime import Runtime
from tests.media import make_clip
from tests.step_runs import Bench
from tests.stored_files import make_event
from workers.isolation import Limits
from workers.registry import STEP_HANDLERS
from workers.run import StepResult
from workers.sandbox import Level, Sandbox, detect_level, works
from workers.video.probe_reading import probe_command

pytestmark = pytest.mark.media

CANARY = b"canary-7f3a91"
LIMITS = Limits(wall_seconds=60, memory_bytes=1024**3)
STEPS = (Step.PROBE, Step.PREVIEW, Step.TRANSCODE, Step.SOUND, Step.POSTER, Step.SUBTITLES)
DASH = (
    "<?xml version='1.0'?>\n<MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static'"
    " mediaPresentationDuration='PT2S' profiles='urn:mpeg:dash:profile:full:2011'><Period>"
    "<AdaptationSet mimeType='video/mp4'><Representation id='1' bandwidth='1'>"
    "<BaseURL>{other}</BaseURL><SegmentBase indexRange='0-99'/></Representation></AdaptationSet>"
    "</Period></MPD>"
)
TRICKS = {
    "hls-file": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{other}\n#EXT-X-ENDLIST\n",
    "hls-relative": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{name}\n#EXT-X-ENDLIST\n",
    "hls-http": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n",
    "hls-after-a-mark": "\ufeff#EXTM3U\n#EXTINF:2,\nfile://{other}\n#EXT-X-ENDLIST\n",
    "hls-key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="file://{other}"\n#EXTINF:2,\n{name}\n',
    "concat-absolute": "ffconcat version 1.0\nfile '{other}'\n",
    "concat-relative": "ffconcat version 1.0\nfile {name}\n",
    "concat-http": "ffconcat version 1.0\nfile {address}\n",
    "dash-file": DASH.replace("{other}", "file://{other}"),
    "dash-http": DASH.replace("{other}", "{address}"),
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video {port} RTP/AVP 96\n",
    "smil": '<smil><body><video src="file://{other}"/></body></smil>',
    "image-sequence": "{other}",
}


@dataclass(frozen=True)
class Neighbours:
    """`other`: somebody else's recording, whose bytes hold the canary."""

    other: Path
    server: socket.socket

    def write(self, trick: str, path: Path) -> Path:
        port = self.server.getsockname()[1]
        address = f"http://127.0.0.1:{port}/x.ts"
        path.write_text(
            trick.format(other=self.other, name=self.other.name, address=address, port=port)
        )
        return path

    def assert_nobody_called(self) -> None:
        self.server.setblocking(False)
        with pytest.raises(BlockingIOError):
            self.server.accept()


@pytest.fixture
def neighbours(tmp_path: Path) -> Iterator[Neighbours]:
    options = ("-c:v", "mpeg2video", "-metadata", f"service_name={CANARY.decode()}", "-f", "mpegts")
    other = make_clip(tmp_path / "other.ts", seconds=2, options=options)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Neighbours(other, server)


@pytest.mark.parametrize("trick", TRICKS)
def test_no_step_follows_it(
    runtime: Runtime, tmp_path: Path, neighbours: Neighbours, trick: str
) -> None:
    """Whatever is done with it, nobody's bytes are stored and nobody is called."""
    event = make_event(runtime)
    bench = Bench(runtime, Sandbox(detect_level()), tmp_path)
    path = neighbours.write(TRICKS[trick], tmp_path / "recording.mp4")
    for step in STEPS:
        with suppress(ProcessingError):  # what is a courtesy only ends with nothing made
            run = bench.run_of(path, step, kind=Kind.VIDEO)
            asset = replace(run.asset, event_id=event.id)
            made = STEP_HANDLERS[step](replace(run, asset=asset))
            assert isinstance(made, StepResult)
            assert not made.renditions
    stored = [runtime.store.read(found.key) for found in runtime.store.list("assets/")]
    assert len(stored) == len(STEPS)  # the originals
    assert not any(CANARY in data for data in stored)
    neighbours.assert_nobody_called()


@pytest.mark.parametrize("level", [level for level in Level if works(level)], ids=str)
@pytest.mark.parametrize("trick", TRICKS)
def test_ffprobe_itself_refuses_it(
    tmp_path: Path, neighbours: Neighbours, trick: str, level: Level
) -> None:
    """Also where nothing isolates it, and nobody had looked at the text before."""
    path = neighbours.write(TRICKS[trick], tmp_path / "recording.mp4")
    argv = probe_command("ffprobe", path, pixels_max=10**8)
    with suppress(ProcessingError):
        done = Sandbox(level).run(argv, inputs=[path], limits=LIMITS, stop=threading.Event())
        assert b"codec_type" not in done.stdout
    neighbours.assert_nobody_called()
