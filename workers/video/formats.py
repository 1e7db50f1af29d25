"""What ffmpeg may open: containers and codecs that recordings really use, and nothing else.

A protocol list alone is not enough: a playlist named `.mp4` may still name other local files
(measured on ffmpeg 5.1), and rare decoders are where memory errors live (CVE-2026-8461).
"""

from __future__ import annotations

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "mpegts",
    "mpeg",
    "avi",
    "asf",
    "flv",
    "mxf",
    "ogg",
    "wav",
    "w64",
    "flac",
    "mp3",
    "aac",
    "aiff",
    "caf",
    "amr",
)

_VIDEO_DECODERS = (
    *("h264", "hevc", "av1", "libdav1d", "libaom-av1", "vp8", "libvpx", "vp9", "libvpx-vp9"),
    *("mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v2", "msmpeg4", "h263", "flv", "theora"),
    *("wmv1", "wmv2", "wmv3", "vc1", "mjpeg", "prores", "dnxhd", "dvvideo", "ffv1", "rawvideo"),
    *("v210", "png"),  # png: cover pictures
)
_AUDIO_DECODERS = (
    *("aac", "aac_latm", "mp3float", "mp3", "mp2float", "mp2", "mp1float", "mp1", "ac3", "eac3"),
    *("opus", "libopus", "vorbis", "libvorbis", "flac", "alac", "wmav1", "wmav2", "wmapro"),
    *("amrnb", "amrwb", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "pcm_alaw", "pcm_mulaw"),
    *("pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le"),
    *("pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_dvd", "pcm_bluray"),
)
# ffprobe gives up on a file when one of its tracks has a decoder that it may not open.
_SUBTITLE_DECODERS = (
    *("mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text", "cc_dec"),
    *("dvbsub", "dvdsub", "pgssub"),
)

FORMAT_WHITELIST = ",".join(CONTAINERS)
CODEC_WHITELIST = ",".join((*_VIDEO_DECODERS, *_AUDIO_DECODERS, *_SUBTITLE_DECODERS))
PROTOCOL_WHITELIST = "file,pipe"

HEAD_BYTES = 4096
"""How much of a file's beginning `is_text_playlist` wants to see."""
_PLAYLIST_STARTS = (
    b"#extm3u",
    b"ffconcat",
    b"file '",
    b"[playlist]",
    b"<mpd",
    b"<?xml",
    b"<smoothstreamingmedia",
    b"<smil",
    b"<asx",
    b"v=0",  # SDP
)


def is_text_playlist(head: bytes) -> bool:
    """Whether a file that begins with `head` is text that names other media."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return text.startswith(_PLAYLIST_STARTS)
