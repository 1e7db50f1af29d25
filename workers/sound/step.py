"""The step "sound": every track of a recording, and what is measured of the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

from sqlalchemy import Connection

from portal.assets import service as assets
from portal.assets.models import Outcome, Rendition, RenditionKind
from portal.errors import MediaRefused
from portal.recordings import service as recordings
from workers.disk import blaming_full_disk
from workers.files import store_bytes
from workers.hls.pieces import Shape
from workers.hls.renditions import place_of, store_hls
from workers.hls.segments import starts_by_time
from workers.originals import original_file
from workers.outputs import open_output, output_folder
from workers.run import StepResult, StepRun
from workers.sound.commands import MEASURED_NUMBER
from workers.sound.damage import sound_damage
from workers.sound.drawing import HEIGHT, WIDTH, waveform_png
from workers.sound.encoding import Encoded, encode_tracks
from workers.sound.filters import PEAKS
from workers.sound.loudness import Loudness, read_loudness
from workers.sound.tracks import SoundTrack, left_out_notes, sound_tracks, undecodable_notes
from workers.sound.waveform import read_waveform, waveform_json
from workers.video.delays import delay_notes, has_delay_left_out
from workers.video.probe import Probe
from workers.video.tools import probe_file

SEGMENT_SECONDS = Fraction(4)
LINE_BYTES_MAX = 200
"""Of what ffmpeg prints of a stretch of sound."""
WAVEFORM_NUMBERS, WAVEFORM_PICTURE = "waveform.json", "waveform.png"

Made = Mapping[SoundTrack, Rendition]


def sound(run: StepRun) -> StepResult:
    """Every track, encoded once for the whole recording; nothing when it has no sound.

    Raises MediaRefused when a recording without picture has no sound that can be decoded.
    """
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
        return _sound(run)


def _sound(run: StepRun) -> StepResult:
    with original_file(run) as (_, path):
        found = probe_file(run, path)
        tracks = sound_tracks(found)
        if not tracks:
            return StepResult()
        encoded = encode_tracks(run, path, found, tracks)
    made = _stored(run, encoded)
    if not made and found.video is None:
        raise MediaRefused(f"{run.asset.filename} holds no sound that can be decoded.")
    loudness = read_loudness(encoded.log)
    measured = _measured_files(run) if _is_measured(made) else ()
    detail = sound_damage(found, {track: _seconds(made[track]) for track in made})
    return StepResult(
        outcome=Outcome.PARTIAL if detail else Outcome.DONE,
        detail=detail,
        notes=_notes(found, [track for track in tracks if track not in made]),
        renditions=(*made.values(), *measured),
        apply=partial(_record, run.asset.id, loudness, _measured_seconds(found, made)),
    )


def _stored(run: StepRun, encoded: Encoded) -> Made:
    """What was made of each track of which at least one sample could be decoded."""
    place = place_of(run)
    starts = partial(starts_by_time, seconds=SEGMENT_SECONDS)
    stored = {
        track: store_hls(place, track.file, _shape(track), starts=starts)
        for track in encoded.tracks
    }
    return {track: made for track, made in stored.items() if made is not None}


def _shape(track: SoundTrack) -> Shape:
    return Shape(
        name=track.name,
        kind=RenditionKind.AUDIO,
        language=track.stream.language,
        label=track.label,
    )


def _is_measured(made: Made) -> bool:
    return any(track.number == MEASURED_NUMBER for track in made)


def _measured_files(run: StepRun) -> tuple[Rendition, ...]:
    with output_folder(run.scratch) as folder, open_output(PEAKS, within=folder) as stream:
        waveform = read_waveform(iter(partial(stream.readline, LINE_BYTES_MAX), b""))
    picture = waveform_png(waveform)
    return (
        store_bytes(run, WAVEFORM_NUMBERS, waveform_json(waveform)),
        store_bytes(
            run,
            WAVEFORM_PICTURE,
            picture,
            kind=RenditionKind.IMAGE,
            width=WIDTH,
            height=HEIGHT,
        ),
    )


def _notes(found: Probe, undecodable: Sequence[SoundTrack]) -> tuple[str, ...]:
    alone = [replace(found, video_streams=(), audio_streams=(s,)) for s in found.audio_streams]
    of_delays = dict.fromkeys(note for track in alone for note in delay_notes(track))
    return (*of_delays, *left_out_notes(found), *undecodable_notes(undecodable))


def _seconds(rendition: Rendition) -> float:
    return sum(rendition.segment_seconds or ())


def _measured_seconds(found: Probe, made: Made) -> float | None:
    """How long a recording without picture lasts, when it does not truly say so itself."""
    if found.video is not None:
        return None
    if found.stated_duration_seconds is not None and not has_delay_left_out(found):
        return None
    return max(map(_seconds, made.values()))


def _record(
    asset_id: str, loudness: Loudness, measured_seconds: float | None, connection: Connection
) -> None:
    recordings.record_loudness(
        connection,
        asset_id,
        loudness_lufs=loudness.integrated_lufs,
        loudness_range_lu=loudness.range_lu,
        true_peak_dbtp=loudness.true_peak_dbtp,
    )
    if measured_seconds is not None:
        assets.record_duration(connection, asset_id, measured_seconds)
