"""The ffmpeg commands of pictures, as argv: pure."""

from __future__ import annotations

from collections.abc import Sequence

import ffmpeg

from portal.assets.made_files import INIT
from workers.video.argv import NO_METADATA, Node, Source, compile_command, open_source
from workers.video.delays import DELAY_SECONDS_MIN, is_beyond_filling
from workers.video.ladder import FRAME_RATE_MAX, Rung, is_rate_capped
from workers.video.probe import AudioStream, Probe, VideoStream

SEGMENT_SECONDS = 4
KEYFRAME_SECONDS = 2
PREVIEW_SECONDS = 8
PREVIEW_SEGMENT_SECONDS = 2
"""Short segments: the first is all that a player waits for."""
PLAYLIST = "index.m3u8"
PREVIEW = "preview"
AUDIO = "audio"
POSTER = "poster.jpg"
POSTER_WIDTH_MAX = 1280
POSTER_WINDOW_SECONDS = 5
POSTER_CANDIDATES_PER_SECOND = 3
AUDIO_BITRATE_BPS = 128_000
AUDIO_SAMPLE_RATE = 48_000
DOWNMIX_CHANNELS_MAX = 8
"""Up to here ffmpeg knows a layout for every number of channels."""


def preview_command(source: Source, probe: Probe, rung: Rung) -> list[str]:
    """The first seconds of picture and sound in one small rung, to be had at once."""
    opened = open_source(source, t=PREVIEW_SECONDS)
    streams: list[Node] = []
    options: dict[str, object] = {}
    if probe.video is not None:
        streams.append(_scaled(_picture(opened, probe.video), rung))
        options |= _video_options(rung)
    if probe.audio is not None:
        streams.append(_sound(opened, probe.audio))
        options |= _audio_options()
    hls = _hls_output(streams, PREVIEW, options, segment_seconds=PREVIEW_SEGMENT_SECONDS)
    return compile_command(source.ffmpeg, [hls])


def ladder_command(source: Source, probe: Probe, rungs: Sequence[Rung]) -> list[str]:
    """Every rung and the sound from a single decode; each rung is scaled from the one above."""
    opened = open_source(source)
    outputs: list[Node] = []
    if probe.video is not None and rungs:
        for rung, picture in _cascade(_picture(opened, probe.video), rungs):
            outputs.append(_hls_output([picture], rung.name, _video_options(rung)))
    if probe.audio is not None:
        sound = _sound(opened, probe.audio)
        outputs.append(_hls_output([sound], AUDIO, _audio_options()))
    return compile_command(source.ffmpeg, outputs)


def poster_command(source: Source, video: VideoStream, *, at_seconds: float) -> list[str]:
    """The most typical frame of a few seconds: hardly ever a black one or one of a fade."""
    opened = open_source(source, ss=round(at_seconds, 3), t=POSTER_WINDOW_SECONDS)
    width, height = poster_size(video)
    candidates = POSTER_WINDOW_SECONDS * POSTER_CANDIDATES_PER_SECOND
    picture = (
        opened[str(video.index)]
        .filter("fps", POSTER_CANDIDATES_PER_SECOND)
        .filter("thumbnail", candidates)
        .filter("scale", width, height)
        .filter("setsar", 1)
    )
    options = {"q:v": 3, "pix_fmt": "yuvj420p", "update": 1, **NO_METADATA, "flags": "+bitexact"}
    output = ffmpeg.output(picture, POSTER, **{"frames:v": 1}, f="image2", **options)
    return compile_command(source.ffmpeg, [output])


def poster_size(video: VideoStream) -> tuple[int, int]:
    width = min(video.width, POSTER_WIDTH_MAX)
    return width, max(2, round(video.height * width / video.width / 2) * 2)


def _picture(opened: Node, video: VideoStream) -> Node:
    stream = opened[str(video.index)]
    if is_rate_capped(video):
        stream = stream.filter("fps", FRAME_RATE_MAX)
    if is_beyond_filling(video.delay_seconds):
        return stream.filter("setpts", "PTS-STARTPTS")
    if video.delay_seconds < DELAY_SECONDS_MIN or video.frame_rate is None:
        return stream
    # Playlists know no late start: the first frame stands until the picture begins.
    held = {"start_mode": "clone", "start_duration": round(video.delay_seconds, 3)}
    return stream.filter("setpts", "PTS-STARTPTS").filter("tpad", **held)


def _cascade(picture: Node, rungs: Sequence[Rung]) -> list[tuple[Rung, Node]]:
    made: list[tuple[Rung, Node]] = []
    for rung in rungs[:-1]:
        copies = _scaled(picture, rung).split()
        made.append((rung, copies[0]))
        picture = copies[1]
    return [*made, (rungs[-1], _scaled(picture, rungs[-1]))]


def _scaled(picture: Node, rung: Rung) -> Node:
    scaled = picture.filter("scale", rung.width, rung.height, flags="bicubic")
    return scaled.filter("setsar", 1).filter("format", "yuv420p")


def _sound(opened: Node, audio: AudioStream) -> Node:
    # Gaps are filled and a late start is padded, so that the sound stays with the picture.
    stream = opened[str(audio.index)]
    if is_beyond_filling(audio.delay_seconds):
        stream = stream.filter("asetpts", "PTS-STARTPTS")
    stream = stream.filter("aresample", AUDIO_SAMPLE_RATE, **_GAPLESS)
    if audio.channels > DOWNMIX_CHANNELS_MAX:
        # "<" says the same for one channel; ffmpeg-python would escape "=" once too often.
        return stream.filter("pan", "stereo|c0<c0|c1<c1")
    return stream.filter("aformat", channel_layouts="stereo")


_GAPLESS = {"async": 1, "first_pts": 0}


def _video_options(rung: Rung) -> dict[str, object]:
    return {
        "c:v": "libx264",
        "preset": "veryfast",
        "crf": 23,
        "maxrate": rung.bitrate_bps_max,
        "bufsize": 2 * rung.bitrate_bps_max,
        "profile:v": "high",
        # Key frames by the clock and nowhere else: players switch rungs at equal instants.
        "force_key_frames": f"expr:gte(t,n_forced*{KEYFRAME_SECONDS})",
        "sc_threshold": 0,
        # Variable rates stay so; a constant rate would multiply frames where the header lies.
        "fps_mode:v": "vfr",
        "flags:v": "+bitexact",
    }


def _audio_options() -> dict[str, object]:
    return {"c:a": "aac", "b:a": AUDIO_BITRATE_BPS, "flags:a": "+bitexact"}


def _hls_output(
    streams: Sequence[Node],
    folder: str,
    options: dict[str, object],
    *,
    segment_seconds: int = SEGMENT_SECONDS,
) -> Node:
    hls = {
        "hls_time": segment_seconds,
        "hls_playlist_type": "vod",
        "hls_segment_type": "fmp4",
        "hls_fmp4_init_filename": INIT,
        "hls_segment_filename": f"{folder}/%05d.m4s",
        "hls_flags": "independent_segments",
        "start_number": 1,
    }
    # Else each stream is moved to a positive start by its own delay, and the sound, stored apart
    # from the picture, comes early by several frames; so an edit list keeps both at zero.
    timing = {"avoid_negative_ts": "disabled"}
    named = {**options, **NO_METADATA, **hls, **timing}
    return ffmpeg.output(*streams, f"{folder}/{PLAYLIST}", f="hls", **named)
