"""Caption formats: foreign bytes in, cues out; and WebVTT and SubRip out."""

from portal.transcripts.formats.read import CaptionFile, CaptionFormat, read_captions
from portal.transcripts.formats.srt import write_srt
from portal.transcripts.formats.vtt import write_vtt

__all__ = ["CaptionFile", "CaptionFormat", "read_captions", "write_srt", "write_vtt"]
