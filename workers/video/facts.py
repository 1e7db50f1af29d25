"""What is worth showing of a `Probe`, as JSON: pure. Where it was recorded is left out."""

from __future__ import annotations

from collections.abc import Mapping

from workers.video.probe import AudioStream, CaptionStream, Chapter, Probe, VideoStream

CHAPTERS_MAX = 200


def facts_of(probe: Probe) -> Mapping[str, object]:
    """For `portal.recordings.service.record_facts`."""
    return {
        "container": probe.container.partition(",")[0],
        "timecode": probe.timecode,
        "is_captured_zone_known": probe.is_captured_zone_known,
        "video": None if probe.video is None else _video(probe.video),
        "audio": [_audio(stream) for stream in probe.audio_streams],
        "captions": [_captions(stream) for stream in probe.caption_streams],
        "chapters": [_chapter(chapter) for chapter in probe.chapters[:CHAPTERS_MAX]],
    }


def _video(stream: VideoStream) -> Mapping[str, object]:
    rate = stream.frame_rate
    return {
        "codec": stream.codec,
        "profile": stream.profile,
        "width": stream.width,
        "height": stream.height,
        "rotation_degrees": stream.rotation_degrees,
        "frame_rate": None if rate is None else round(float(rate), 3),
        "is_rate_variable": stream.is_rate_variable,
        "is_interlaced": stream.is_interlaced,
        "pixel_format": stream.pixel_format,
        "bit_depth": stream.bit_depth,
        "hdr": stream.colour.hdr,
        "has_alpha": stream.has_alpha,
        "has_closed_captions": stream.has_closed_captions,
        "bit_rate_bps": stream.bit_rate_bps,
    }


def _audio(stream: AudioStream) -> Mapping[str, object]:
    return {
        "codec": stream.codec,
        "channels": stream.channels,
        "layout": stream.layout,
        "sample_rate": stream.sample_rate or None,
        "language": stream.language,
        "title": stream.title,
        "is_default": stream.is_default,
    }


def _captions(stream: CaptionStream) -> Mapping[str, object]:
    return {"codec": stream.codec, "language": stream.language, "title": stream.title}


def _chapter(chapter: Chapter) -> Mapping[str, object]:
    return {
        "start_seconds": chapter.start_seconds,
        "end_seconds": chapter.end_seconds,
        "title": chapter.title,
    }
