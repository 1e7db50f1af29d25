"""The step "subtitles": captions within a recording become its transcripts, one per language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from portal.assets.models import Asset
from portal.errors import LimitExceeded, MediaRefused, ToolFailed
from portal.events import service as events
from portal.transcripts import service as transcripts
from portal.transcripts.formats.cues import Parsed
from portal.transcripts.formats.speakers import names_folded
from portal.transcripts.models import Cue
from portal.transcripts.pairing import language_tag
from portal.visibility import INSTALLATION
from workers.captions.extraction import packets_command
from workers.captions.known_names import known_names
from workers.captions.models import TrackAsked
from workers.captions.packets import Track
from workers.captions.picture_captions import USER_DATA_FILTERS
from workers.captions.reading import read_track
from workers.captions.track_texts import TEXT_CODECS
from workers.disk import blaming_full_disk
from workers.originals import original_file
from workers.run import StepResult, StepRun
from workers.video.probe import CaptionStream, Probe, VideoStream
from workers.video.tools import long_limits, probe_file, run_ffmpeg, source_of

TRACKS_MAX = 32
TRACK_BYTES_MAX = 16 * 1024**2
PICTURE_BYTES_MAX = 96 * 1024**2
"""User data of some twelve hours of a broadcast."""
CLOSED_CAPTIONS = "eia_608"
READ_CODECS = TEXT_CODECS.keys() | {CLOSED_CAPTIONS}


@dataclass(frozen=True)
class _Found:
    """What one track, or the picture, holds. `tag` is None when it names no language."""

    name: str
    tag: str | None
    parsed: Parsed = field(default_factory=lambda: Parsed(()))
    is_of_picture: bool = False

    @property
    def rank(self) -> tuple[bool, int]:
        """Of several in one language the fullest is taken, a track before the picture."""
        return not self.is_of_picture, len(self.parsed.cues)


def subtitles(run: StepRun) -> StepResult:
    """Nothing that is wrong with captions fails a recording: it becomes a note."""
    with run.runtime.engine.connect() as connection:
        names = names_folded(known_names(connection, run.asset.event_id))
        language = run.asset.language or _language_of_event(connection, run.asset)
    with original_file(run) as (_, path):
        search = _Search(run, path, names)
        found = search.everything(probe_file(run, path))
    chosen = _chosen(found, language)
    notes = (*search.notes, *_notes_of(found, chosen, language), *_namesake_notes(run))
    cues = {tag: one.parsed.cues for tag, one in chosen.items()}
    return StepResult(notes=notes, apply=partial(_save, run.asset.id, cues))


@dataclass
class _Search:
    """Looks for captions in one recording; `notes` say what was not, or not wholly, read."""

    run: StepRun
    path: Path
    names: frozenset[str]
    notes: list[str] = field(default_factory=list)
    recording_ms: int | None = None

    def everything(self, probe: Probe) -> list[_Found]:
        self.recording_ms = round(probe.duration_seconds * 1000) if probe.duration_seconds else None
        return [*self._in_tracks(probe.caption_streams), *self._in_picture(probe.video)]

    def _in_tracks(self, streams: Sequence[CaptionStream]) -> Iterator[_Found]:
        looked_at = streams[:TRACKS_MAX]
        if len(looked_at) < len(streams):
            self.notes.append(f"Of {len(streams)} tracks of captions {TRACKS_MAX} were looked at.")
        self.notes += (
            f"Captions in track {stream.index} are of the kind {stream.codec}, which is not read."
            for stream in looked_at
            if stream.codec not in READ_CODECS
        )
        taken = {Track(s.index): s for s in looked_at if s.codec in READ_CODECS}
        what = "The captions in it were not read"
        if not taken or not self._extract(list(taken), bytes_max=TRACK_BYTES_MAX, what=what):
            return
        for track, stream in taken.items():
            blank = _Found(f"Captions in track {stream.index}", language_tag(stream.language or ""))
            yield from self._filled(blank, track, stream.codec)

    def _in_picture(self, picture: VideoStream | None) -> Iterator[_Found]:
        filters = USER_DATA_FILTERS.get(picture.codec) if picture else None
        if picture is None or filters is None:
            return
        track = Track(picture.index, bitstream_filters=filters)
        what = "The picture was not searched for captions"
        if not self._extract([track], bytes_max=PICTURE_BYTES_MAX, what=what):
            return
        blank = _Found("Captions in the picture", None, is_of_picture=True)
        yield from (one for one in self._filled(blank, track, None) if one.parsed.cues)

    def _filled(self, blank: _Found, track: Track, codec: str | None) -> Iterator[_Found]:
        folder = str(self.run.scratch.absolute())
        asked = TrackAsked(folder, track.index, codec, tuple(self.names), self.recording_ms)
        try:
            read = read_track(self.run, asked)
        except (MediaRefused, ToolFailed, LimitExceeded) as error:
            self.notes.append(f"{blank.name} were left out: {error}")
            return
        self.notes += (
            f"Captions in channel {channel} are left out: the language of those is not told."
            for channel in read.channels_left_out
        )
        yield replace(blank, parsed=read.parsed)

    def _extract(self, tracks: Sequence[Track], *, bytes_max: int, what: str) -> bool:
        """Whether the packets of `tracks` could be written; else a note says `what` failed."""
        run = self.run
        argv = packets_command(source_of(run, self.path), tracks)
        limits = replace(long_limits(run), file_bytes=bytes_max)
        free_bytes_min = run.runtime.settings.disk_free_bytes_min
        try:
            with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
                run_ffmpeg(run, argv, self.path, limits=limits)
        except (ToolFailed, MediaRefused, LimitExceeded) as error:
            self.notes.append(f"{what}: {error}")
            return False
        return True


def _chosen(found: Sequence[_Found], default_language: str) -> Mapping[str, _Found]:
    """{language: the one that is taken}."""
    usable = sorted((one for one in found if one.parsed.cues), key=lambda one: one.rank)
    return {one.tag or default_language: one for one in usable}


def _notes_of(
    found: Sequence[_Found], chosen: Mapping[str, _Found], default_language: str
) -> Iterator[str]:
    for one in found:
        best = chosen.get(one.tag or default_language)
        if not one.parsed.cues:
            yield f"{one.name} are empty."
        elif best is not None and best is not one:
            where = best.name.lower()
            yield f"{one.name} are left out: {where} are in the same language."
        yield from (f"{one.name}: {note}" for note in one.parsed.notes)


def _namesake_notes(run: StepRun) -> Iterator[str]:
    """Captions of the same name are shown elsewhere, and an editor may look for them here."""
    with run.runtime.engine.connect() as connection:
        older = transcripts.older_namesake_of(connection, run.asset.event_id, run.asset.id)
    if older is not None:
        yield f"Captions named like this recording are shown with {older}, which came first."


def _language_of_event(connection: Connection, asset: Asset) -> str:
    event = events.get_event_by_id(connection, asset.event_id, viewer=INSTALLATION)
    return event.default_language


def _save(asset_id: str, cues: Mapping[str, Sequence[Cue]], connection: Connection) -> None:
    transcripts.save_embedded(connection, asset_id, cues)
