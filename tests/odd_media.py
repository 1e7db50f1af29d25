"""Recordings that are odd, damaged or hostile, each made on the spot, and what must become of them.

The list follows what broke in other archives: lost indexes, files that were cut off, rates and
sizes that nobody expects, containers of old cameras, and files that are not what they claim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.media import make_clip, run_ffmpeg, truncate

READY, PARTIAL, FAILED = "ready", "partial", "failed"
SECONDS = 6


@dataclass(frozen=True)
class Odd:
    """`says` is part of what an editor reads; picture and sound may end `apart_seconds`."""

    name: str
    what: str
    make: Callable[[Path], object]
    state: str = READY
    says: str = ""
    seconds: float | None = SECONDS
    apart_seconds: float = 0.0


def clip(
    *options: str, size: str = "320x180", rate: str = "25", sound: bool = True, picture: bool = True
) -> Callable[[Path], object]:
    def make(path: Path) -> object:
        return make_clip(
            path,
            seconds=SECONDS,
            size=size,
            rate=rate,
            sound=sound,
            picture=picture,
            options=options,
        )

    return make


def cut(maker: Callable[[Path], object], ratio: float) -> Callable[[Path], object]:
    def make(path: Path) -> object:
        maker(path)
        return truncate(path, ratio=ratio)

    return make


def remuxed(maker: Callable[[Path], object], *options: str) -> Callable[[Path], object]:
    """Made as MP4, and copied by ffmpeg once more."""

    def make(path: Path) -> None:
        first = path.with_name(f"{path.stem}-first.mp4")
        maker(first)
        run_ffmpeg("-i", f"file:{first}", "-c", "copy", *options, f"file:{path}")
        first.unlink()

    return make


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


def data(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
FASTSTART = (*H264, "-movflags", "+faststart")


def _with_jumping_clock(path: Path) -> None:
    """Two MPEG-TS recordings one behind the other: the second clock begins anew, far away."""
    parts = []
    for number, offset in enumerate((0, 50_000)):
        part = path.with_name(f"{path.stem}-{number}.ts")
        make_clip(
            part,
            seconds=SECONDS / 2,
            options=(*H264, "-output_ts_offset", str(offset), "-f", "mpegts"),
        )
        parts.append(part.read_bytes())
        part.unlink()
    path.write_bytes(b"".join(parts))


def _with_late_picture(path: Path) -> None:
    first = path.with_name("prompt.mp4")
    make_clip(first, seconds=SECONDS, options=H264)
    late = ("-itsoffset", "1", "-i", f"file:{first}")
    run_ffmpeg(
        *late, "-i", f"file:{first}", "-map", "0:v", "-map", "1:a", "-c", "copy", f"file:{path}"
    )
    first.unlink()


def _with_huge_picture(path: Path) -> None:
    plain = ("-f", "lavfi", "-i", "color=size=12000x12000:rate=1:duration=1")
    run_ffmpeg(*plain, "-c:v", "png", f"file:{path}")


def _with_attachment(path: Path) -> None:
    """A Matroska file whose attachment wants to be written two folders up."""
    note = path.with_name("note.txt")
    note.write_text("attached")
    make_clip(
        path,
        seconds=SECONDS,
        options=(
            *H264,
            "-attach",
            str(note),
            "-metadata:s:t",
            "mimetype=text/plain",
            "-metadata:s:t",
            "filename=../../x",
        ),
    )
    note.unlink()


def _with_cover(path: Path) -> None:
    """A song with a picture, which is no recording of anything."""
    cover, sound = path.with_name("cover.png"), path.with_name("song.wav")
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=300x300", "-frames:v", "1", f"file:{cover}")
    make_clip(sound, seconds=SECONDS, picture=False)
    run_ffmpeg(
        "-i",
        f"file:{sound}",
        "-i",
        f"file:{cover}",
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "copy",
        "-c:a",
        "libmp3lame",
        "-disposition:v",
        "attached_pic",
        f"file:{path}",
    )
    cover.unlink()
    sound.unlink()


def _with_lost_middle(path: Path) -> None:
    """A transport stream with a hole, as a broken link leaves it."""
    make_clip(path, seconds=SECONDS, options=(*H264, "-f", "mpegts"))
    whole = path.read_bytes()
    third = len(whole) // 3 // 188 * 188
    path.write_bytes(whole[:third] + whole[2 * third :])


def _listing(*, of: str) -> Callable[[Path], object]:
    """Text that names another file by its whole path."""

    def make(path: Path) -> object:
        other = path.with_name(f"{path.stem}-other.ts")
        make_clip(other, seconds=1, options=(*H264, "-f", "mpegts"))
        path.write_text(of.format(other=other, name=other.name))
        return None

    return make


SURROUND = ("-af", "pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0", *H264)
LEFT_ONLY = ("-af", "pan=stereo|c0=c0|c1=0*c0", *H264)
VARIABLE = ("-vf", "select='not(mod(n,7))+lt(mod(n,50),20)'", "-fps_mode", "vfr", *H264)
HDR10 = (
    *("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"),
    *("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"),
    *("-x265-params", "log-level=error:hdr-opt=1", "-c:a", "aac"),
)
INTERLACED = (
    *("-vf", "interlace", "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-top", "1"),
    *("-b:v", "4M", "-c:a", "mp2"),
)
OPEN_GOP = (
    *("-c:v", "libx264", "-preset", "fast", "-pix_fmt", "yuv420p", "-bf", "3"),
    "-x264-params",
    "open-gop=1:keyint=40:min-keyint=40",
    "-c:a",
    "aac",
)
SHORT_GOP = (*FASTSTART, "-g", "25", "-keyint_min", "25", "-sc_threshold", "0")

CATALOGUE = (
    # --- sizes, rates, colours ---
    Odd("plain.mp4", "H.264 and AAC, 25 frames per second", clip(*FASTSTART)),
    Odd("ntsc.mp4", "29.97 frames per second", clip(*H264, rate="30000/1001")),
    Odd("film.mov", "23.976 frames per second", clip(*H264, rate="24000/1001")),
    Odd("fast.mp4", "120 frames per second", clip(*H264, rate="120")),
    Odd("slow.mp4", "one frame per second", clip(*H264, rate="1")),
    Odd("screen.mp4", "variable rate, as a screen is recorded", clip(*VARIABLE)),
    Odd("tiny.mp4", "16×16", clip(*H264, size="16x16")),
    Odd("uneven.mp4", "321×241, 4:4:4", clip(*H264[:2], "-pix_fmt", "yuv444p", size="321x241")),
    Odd("deep.mp4", "10 bit, 4:2:2", clip("-c:v", "libx264", "-pix_fmt", "yuv422p10le")),
    Odd("hdr.mp4", "HDR10 in HEVC", clip(*HDR10)),
    Odd(
        "alpha.webm",
        "VP9 with transparency",
        clip(
            "-c:v",
            "libvpx-vp9",
            "-pix_fmt",
            "yuva420p",
            "-cpu-used",
            "8",
            "-deadline",
            "realtime",
            "-c:a",
            "libopus",
            size="160x90",
        ),
    ),
    Odd("wide.mp4", "pixels that are not square", clip("-vf", "setsar=16/11", *H264)),
    Odd(
        "portrait.mp4",
        "turned by 90 degrees, as phones do",
        remuxed(clip(*H264), "-metadata:s:v:0", "rotate=90"),
    ),
    Odd("interlaced.mpg", "MPEG-2 program stream, interlaced", clip(*INTERLACED, size="352x288")),
    # --- sound ---
    Odd("surround.mp4", "5.1 channels", clip(*SURROUND)),
    Odd("left.mp4", "sound on the left side only", clip(*LEFT_ONLY)),
    Odd("silent.mp4", "no sound", clip(*H264, sound=False)),
    Odd("sound.wav", "WAV", clip(picture=False)),
    Odd("sound.m4a", "AAC in MP4", clip("-c:a", "aac", picture=False)),
    Odd("cover.mp3", "MP3 with a cover picture", _with_cover),
    Odd(
        "voice.3gp",
        "H.263 and AMR are old: here MPEG-4 and AAC in 3GP",
        clip("-c:v", "mpeg4", "-c:a", "aac", size="176x144"),
    ),
    # --- structure ---
    Odd(
        "late.mp4",
        "an edit list: the picture begins a second late",
        _with_late_picture,
        seconds=SECONDS + 1,
        apart_seconds=1.0,
    ),
    Odd("opengop.mp4", "B-frames across open groups of pictures", clip(*OPEN_GOP)),
    Odd("stream.ts", "MPEG-TS", clip(*H264, "-f", "mpegts")),
    Odd("jump.ts", "MPEG-TS whose clock jumps by 14 hours", _with_jumping_clock),
    Odd(
        "hole.ts",
        "MPEG-TS with a hole",
        _with_lost_middle,
        state=PARTIAL,
        says="about 00:02 of its picture are missing after 00:02",
    ),
    Odd("attachment.mkv", "Matroska with an attachment named ../../x", _with_attachment),
    Odd("flash.flv", "Flash video", clip(*H264)),
    Odd("edit.mov", "ProRes and PCM in QuickTime", clip("-c:v", "prores_ks", "-c:a", "pcm_s16le")),
    Odd(
        "tape.mxf",
        "MPEG-2 in MXF",
        clip("-c:v", "mpeg2video", "-b:v", "4M", "-c:a", "pcm_s16le", "-ar", "48000"),
    ),
    Odd(
        "camera.avi",
        "Motion JPEG in AVI",
        clip("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    ),
    # --- damage ---
    Odd(
        "cut.mp4",
        "cut off, index in front",
        cut(clip(*SHORT_GOP), 0.6),
        state=PARTIAL,
        says="ends after 00:0",
        seconds=None,
    ),
    Odd(
        "noindex.mp4",
        "cut off, index lost with the end",
        cut(clip(*H264), 0.6),
        state=FAILED,
        says="its index (the moov atom) is missing",
        seconds=None,
    ),
    Odd("cut.mkv", "Matroska, cut off", cut(clip(*H264), 0.6), state=PARTIAL, seconds=None),
    Odd("empty.mp4", "no byte", data(b""), state=FAILED, seconds=None),
    Odd("zeros.mov", "4 kB of zeros", data(bytes(4096)), state=FAILED, seconds=None),
    # --- not what they claim ---
    Odd(
        "playlist.mp4",
        "an HLS playlist",
        _listing(of="#EXTM3U\n#EXTINF:1,\nfile://{other}\n"),
        state=FAILED,
        says="is a playlist",
        seconds=None,
    ),
    Odd(
        "concat.mp4",
        "a list of files",
        _listing(of="ffconcat version 1.0\nfile {name}\n"),
        state=FAILED,
        says="is a playlist",
        seconds=None,
    ),
    Odd(
        "rare.mkv",
        "a codec that is not accepted (MagicYUV)",
        clip("-c:v", "magicyuv", sound=False),
        state=FAILED,
        says="magicyuv",
        seconds=None,
    ),
    Odd(
        "bomb.mov",
        "a picture of 12000×12000",
        _with_huge_picture,
        state=FAILED,
        says="too large",
        seconds=None,
    ),
)
