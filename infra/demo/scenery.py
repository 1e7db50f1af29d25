"""The motifs of the demonstration photos: each draws on a canvas and is named in `MOTIFS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from infra.demo import props
from infra.demo.canvas import Canvas
from infra.demo.props import BRASS, INK, PALE, STEEL

FLAG_BANDS = (
    ("#7a1f2b", "#efe9dd", "#7a1f2b"),
    ("#1f4e79", "#f2d16b", "#1f4e79"),
    ("#2f6b4f", "#efe9dd", "#b23a48"),
    ("#efe9dd", "#3b6ea5", "#efe9dd"),
    ("#d98c3f", "#efe9dd", "#2f6b4f"),
)


def hall(canvas: Canvas) -> None:
    props.spotlights(canvas, count=5)
    canvas.polygon(props.floor(canvas, horizon=0.55), "#20140f")
    canvas.box((canvas.aspect * 0.22, 0.44), (canvas.aspect * 0.78, 0.56), "#5a2f22")
    props.podium(canvas, (canvas.aspect * 0.5, 0.56), height=0.17)
    for row in range(5):
        props.heads(canvas, y=0.66 + row * 0.085, radius=0.02 + row * 0.007, seed=row)


def podium(canvas: Canvas) -> None:
    canvas.glow((canvas.aspect * 0.55, 0.3), 0.6, "#6aa0c0")
    props.banner(canvas)
    props.person(canvas, (canvas.aspect * 0.55, 0.40), scale=0.42, coat="#1d2a3a")
    props.podium(canvas, (canvas.aspect * 0.55, 1.0), height=0.42)


def flags(canvas: Canvas) -> None:
    canvas.glow((canvas.aspect * 0.5, 0.2), 0.9, "#f3e3b5", strength=0.4)
    count = len(FLAG_BANDS)
    for number, bands in enumerate(FLAG_BANDS):
        x = canvas.aspect * (number + 0.45) / (count + 0.55)
        canvas.line([(x, 0.12), (x, 0.95)], BRASS, width=0.010)
        canvas.disc((x, 0.11), 0.014, BRASS)
        props.flag(canvas, (x, 0.14), width=canvas.aspect / count * 0.72, bands=bands)


def signing(canvas: Canvas) -> None:
    middle = canvas.aspect / 2
    canvas.polygon(props.floor(canvas, horizon=0.30), "#3d2417")
    canvas.glow((middle, 0.35), 0.8, "#f1c987", strength=0.45)
    for side in (-1, 1):
        page = [
            (middle, 0.40),
            (middle + side * 0.52, 0.36),
            (middle + side * 0.60, 0.80),
            (middle, 0.86),
        ]
        canvas.polygon(page, PALE)
        for line in range(6):
            y = 0.47 + line * 0.055
            canvas.line(
                [(middle + side * 0.06, y), (middle + side * (0.44 + line * 0.014), y - 0.03)],
                "#b7ae9c",
                width=0.004,
            )
    canvas.line([(middle + 0.22, 0.70), (middle + 0.62, 0.30)], INK, width=0.024)
    canvas.line([(middle + 0.19, 0.73), (middle + 0.23, 0.69)], BRASS, width=0.014)


def stamp(canvas: Canvas) -> None:
    middle = canvas.aspect / 2
    props.stamp(canvas, (middle - 0.24, 0.16), width=0.50, value="50")
    props.postmark(canvas, (middle + 0.30, 0.58), radius=0.26)


def envelope(canvas: Canvas) -> None:
    left, right = canvas.aspect * 0.5 - 0.55, canvas.aspect * 0.5 + 0.55
    canvas.polygon(props.floor(canvas, horizon=0.0), "#4a3325")
    canvas.box((left + 0.03, 0.20), (right + 0.03, 0.88), "#2c1d14")
    canvas.box((left, 0.17), (right, 0.85), PALE)
    for line in range(3):
        y = 0.55 + line * 0.08
        canvas.line([(left + 0.40, y), (right - 0.14 - line * 0.1, y)], "#5b6472", width=0.006)
    props.stamp(canvas, (right - 0.28, 0.22), width=0.20, value="1919")
    props.postmark(canvas, (right - 0.36, 0.36), radius=0.12)


def audience(canvas: Canvas) -> None:
    props.spotlights(canvas, count=3)
    canvas.soften(0.01)
    for row in range(4):
        props.heads(canvas, y=0.52 + row * 0.14, radius=0.034 + row * 0.014, seed=20 + row)


def cameras(canvas: Canvas) -> None:
    canvas.glow((canvas.aspect * 0.8, 0.3), 0.6, "#b8d4e3", strength=0.5)
    canvas.polygon(props.floor(canvas, horizon=0.80), "#141a20")
    for number in range(5):
        x = canvas.aspect * (0.14 + number * 0.18)
        props.camera(canvas, (x, 0.40 + 0.05 * (number % 2)), scale=0.13 + 0.02 * (number % 3))


def microphones(canvas: Canvas) -> None:
    canvas.glow((canvas.aspect * 0.5, 0.25), 0.8, "#7fa7bd", strength=0.5)
    canvas.soften(0.01)
    foot = (canvas.aspect * 0.5, 1.12)
    for number, colour in enumerate(("#b23a48", "#2f6b4f", "#d98c3f", "#3b6ea5", "#6a4c93")):
        head = (canvas.aspect * (0.22 + number * 0.14), 0.34 + 0.07 * abs(number - 2))
        props.microphone(canvas, head, foot=foot, colour=colour)


def pass_card(canvas: Canvas) -> None:
    middle = canvas.aspect / 2
    canvas.soften(0.005)
    for side in (-1, 1):
        canvas.line([(middle + side * 0.40, -0.05), (middle, 0.26)], "#7a1f2b", width=0.04)
    canvas.box((middle - 0.23, 0.26), (middle + 0.23, 0.92), "#f4f1ea", radius=0.03)
    canvas.box((middle - 0.23, 0.36), (middle + 0.23, 0.52), "#7a1f2b")
    canvas.text((middle, 0.44), "PRESS", PALE, height=0.10)
    canvas.disc((middle, 0.66), 0.075, STEEL)
    for line in range(3):
        y = 0.79 + line * 0.04
        canvas.line([(middle - 0.14, y), (middle + 0.14, y)], "#b7ae9c", width=0.010)


def palace(canvas: Canvas) -> None:
    canvas.glow((canvas.aspect * 0.78, 0.22), 0.45, "#fff1c4", strength=0.8)
    canvas.polygon(props.floor(canvas, horizon=0.82), "#58606a")
    left, right = canvas.aspect * 0.16, canvas.aspect * 0.84
    canvas.polygon([(left, 0.40), (canvas.aspect / 2, 0.20), (right, 0.40)], "#d8cfbb")
    canvas.box((left, 0.40), (right, 0.46), "#c3b89f")
    canvas.box((left + 0.02, 0.46), (right - 0.02, 0.82), "#8f866f")
    for number in range(8):
        x = left + 0.06 + number * (right - left - 0.12) / 7
        canvas.box((x - 0.026, 0.46), (x + 0.026, 0.80), "#e4dcc9")
    for level in range(3):
        canvas.box(
            (left - level * 0.03, 0.80 + level * 0.03),
            (right + level * 0.03, 0.83 + level * 0.03),
            "#b3a88f",
        )


def mailbox(canvas: Canvas) -> None:
    middle = canvas.aspect / 2
    canvas.polygon(props.floor(canvas, horizon=0.86), "#6d7480")
    canvas.box((middle - 0.035, 0.60), (middle + 0.035, 0.92), STEEL)
    canvas.box((middle - 0.20, 0.20), (middle + 0.20, 0.66), "#1f4e79", radius=0.05)
    canvas.box((middle - 0.14, 0.29), (middle + 0.14, 0.325), INK, radius=0.01)
    canvas.box((middle - 0.12, 0.40), (middle + 0.12, 0.58), PALE, radius=0.01)
    canvas.text((middle, 0.49), "1919", "#1f4e79", height=0.07)


MOTIFS: Mapping[str, Callable[[Canvas], None]] = {
    "hall": hall,
    "podium": podium,
    "flags": flags,
    "signing": signing,
    "stamp": stamp,
    "envelope": envelope,
    "audience": audience,
    "cameras": cameras,
    "microphones": microphones,
    "pass_card": pass_card,
    "palace": palace,
    "mailbox": mailbox,
}
