"""Films a scene: a moving backdrop, who speaks, the sound as a line, and a running clock."""

from __future__ import annotations

from pathlib import Path

import ffmpeg
from PIL import Image, ImageDraw

from infra.demo.canvas import FONTS, font
from infra.demo.programs import run
from infra.demo.screenplay import LABEL, Scene, Speaker
from infra.demo.speech import Speech

FRAMES_PER_SECOND = 25
KEYFRAME_FRAMES = 2 * FRAMES_PER_SECOND


def film(scene: Scene, speech: Speech, *, scratch: Path, into: Path) -> Path:
    """Write `scene` as an MP4 file; the same input gives the same bytes."""
    target = into / f"{scene.stem}.mp4"
    sound = ffmpeg.input(str(speech.sound)).audio.asplit()
    picture = _backdrop(scene, speech.duration_seconds)
    stage = _save(_stage(scene), scratch / f"{scene.stem}-stage.png")
    picture = picture.overlay(ffmpeg.input(str(stage)))
    picture = picture.overlay(_sound_line(sound[0], scene), x="(W-w)/2", y="H*0.60")
    for number, speaker in enumerate(_speakers(scene)):
        plate = _save(_name_plate(scene, speaker), scratch / f"{scene.stem}-{number}.png")
        picture = picture.overlay(
            ffmpeg.input(str(plate)), x="W*0.05", y="H*0.76", enable=_when(speech, speaker)
        )
    picture = _clock(picture, scene)
    run(_encode(picture, sound[1], target, title=scene.title).compile(overwrite_output=True))
    return target


def _backdrop(scene: Scene, duration_seconds: float) -> ffmpeg.nodes.FilterableStream:
    width, height = scene.size
    first, second = scene.colours
    source = (
        f"gradients=s={width}x{height}:r={FRAMES_PER_SECOND}:d={duration_seconds:.3f}"
        f":c0=0x{first}:c1=0x{second}:nb_colors=2:speed=0.012:seed=7"
        f":x0=0:y0=0:x1={width}:y1={height}"
    )
    return ffmpeg.input(source, f="lavfi")


def _sound_line(
    sound: ffmpeg.nodes.FilterableStream, scene: Scene
) -> ffmpeg.nodes.FilterableStream:
    width, height = scene.size
    return sound.filter(
        "showwaves",
        s=f"{width * 5 // 8 // 2 * 2}x{height // 8 // 2 * 2}",
        mode="cline",
        rate=FRAMES_PER_SECOND,
        colors="0xE9E4D8@0.85",
    )


def _clock(picture: ffmpeg.nodes.FilterableStream, scene: Scene) -> ffmpeg.nodes.FilterableStream:
    return picture.filter(
        "drawtext",
        fontfile=str(FONTS / "DejaVuSansMono-Bold.ttf"),
        text="%{pts:hms}",
        fontcolor="white",
        fontsize=scene.size[1] // 16,
        box=1,
        boxcolor="0x0F141B@0.7",
        boxborderw=scene.size[1] // 60,
        x="w*0.95-tw",
        y="h*0.07",
    )


def _encode(
    picture: ffmpeg.nodes.FilterableStream,
    sound: ffmpeg.nodes.FilterableStream,
    target: Path,
    *,
    title: str,
) -> ffmpeg.nodes.OutputStream:
    return ffmpeg.output(
        picture,
        sound,
        str(target),
        vcodec="libx264",
        preset="veryfast",
        crf=23,
        pix_fmt="yuv420p",
        g=KEYFRAME_FRAMES,
        acodec="aac",
        ar=48_000,
        ac=1,
        shortest=None,
        movflags="+faststart",
        fflags="+bitexact",
        flags="+bitexact",
        threads=2,
        **{"metadata:g:0": f"title={title}", "metadata:g:1": f"comment={LABEL}"},
    )


def _when(speech: Speech, speaker: Speaker) -> str:
    """An expression for ffmpeg: while this speaker is heard."""
    return "+".join(
        f"between(t,{spoken.start_seconds:.3f},{spoken.end_seconds:.3f})"
        for spoken in speech.lines
        if spoken.line.speaker == speaker
    )


def _speakers(scene: Scene) -> tuple[Speaker, ...]:
    return tuple(dict.fromkeys(line.speaker for line in scene.lines))


def _stage(scene: Scene) -> Image.Image:
    """What stands still: a desk with microphones, the title, the label."""
    width, height = scene.size
    image = Image.new("RGBA", scene.size)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.94, width, height), fill=(15, 20, 27, 235))
    for number in range(5):
        x = width * (0.40 + number * 0.05)
        top = height * (0.40 + 0.03 * abs(number - 2))
        draw.line([(x, top), (width / 2, height)], fill=(15, 20, 27, 255), width=height // 120)
        draw.rounded_rectangle(
            (x - height * 0.018, top - height * 0.07, x + height * 0.018, top + height * 0.03),
            height * 0.018,
            fill=(15, 20, 27, 255),
        )
    draw.text(
        (width * 0.05, height * 0.07),
        scene.title,
        font=font(height // 16, bold=True),
        fill="white",
    )
    draw.text(
        (width * 0.05, height * 0.97),
        LABEL.upper(),
        font=font(height // 36, bold=True),
        fill=(233, 228, 216, 255),
        anchor="lm",
    )
    return image


def _name_plate(scene: Scene, speaker: Speaker) -> Image.Image:
    width, height = scene.size[0] // 2, scene.size[1] // 7
    image = Image.new("RGBA", (width, height), (15, 20, 27, 205))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, height // 14, height), fill=(199, 154, 75, 255))
    edge = height // 4
    draw.text(
        (edge, height * 0.36),
        speaker.name,
        font=font(height * 2 // 7, bold=True),
        fill="white",
        anchor="lm",
    )
    draw.text(
        (edge, height * 0.74),
        speaker.role,
        font=font(height // 5),
        fill=(233, 228, 216, 255),
        anchor="lm",
    )
    return image


def _save(image: Image.Image, path: Path) -> Path:
    image.save(path)
    return path
