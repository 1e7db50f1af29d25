"""What the photographed scenes are furnished with: podiums, people, stamps, cameras."""

from __future__ import annotations

import math
import random

from infra.demo.canvas import Canvas, Point

INK = "#0f141b"
STEEL = "#39424e"
PALE = "#e9e4d8"
BRASS = "#c79a4b"


def floor(canvas: Canvas, *, horizon: float) -> list[Point]:
    return [(0, horizon), (canvas.aspect, horizon), (canvas.aspect, 1), (0, 1)]


def spotlights(canvas: Canvas, *, count: int) -> None:
    for number in range(count):
        x = canvas.aspect * (number + 0.5) / count
        canvas.glow((x, 0.10), 0.42, "#f4d79a", strength=0.55)
        canvas.disc((x, 0.06), 0.014, "#fff6dc")


def heads(canvas: Canvas, *, y: float, radius: float, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - where people sit
    x = chance.uniform(0, radius * 2)
    while x < canvas.aspect:
        height = y + chance.uniform(-0.4, 0.4) * radius
        canvas.disc((x, height), radius, INK)
        canvas.box((x - 1.7 * radius, height + radius), (x + 1.7 * radius, 1.3), INK, radius=radius)
        x += radius * chance.uniform(4.0, 4.8)


def podium(canvas: Canvas, foot: Point, *, height: float) -> None:
    x, y = foot
    top = y - height
    half = height * 0.42
    canvas.polygon(
        [(x - half, top), (x + half, top), (x + half * 0.75, y), (x - half * 0.75, y)], "#6b4630"
    )
    canvas.box((x - half * 1.15, top - height * 0.07), (x + half * 1.15, top), "#825a40")
    canvas.ring((x, top + height * 0.42), height * 0.17, BRASS, width=height * 0.03)
    for side in (-1, 1):
        canvas.line(
            [(x + side * half * 0.5, top), (x + side * half * 0.14, top - height * 0.34)],
            INK,
            width=height * 0.025,
        )
        canvas.disc((x + side * half * 0.14, top - height * 0.36), height * 0.05, INK)


def person(canvas: Canvas, head: Point, *, scale: float, coat: str) -> None:
    x, y = head
    canvas.box(
        (x - scale * 0.52, y + scale * 0.30), (x + scale * 0.52, 1.2), coat, radius=scale * 0.25
    )
    canvas.polygon(
        [(x - scale * 0.12, y + scale * 0.3), (x + scale * 0.12, y + scale * 0.3), (x, y + scale)],
        PALE,
    )
    canvas.disc(head, scale * 0.27, "#c9a184")


def banner(canvas: Canvas) -> None:
    canvas.box((0.06, 0.08), (0.50, 0.62), "#16324a", radius=0.01)
    canvas.ring((0.28, 0.28), 0.10, BRASS, width=0.012)
    canvas.text((0.28, 0.28), "1919", BRASS, height=0.05)
    canvas.text((0.28, 0.48), "POSTAL", PALE, height=0.042)
    canvas.text((0.28, 0.54), "HERITAGE", PALE, height=0.042)


def flag(canvas: Canvas, corner: Point, *, width: float, bands: tuple[str, str, str]) -> None:
    for number, colour in enumerate(bands):
        canvas.polygon(_wave(corner, width=width, band=number), colour)


def _wave(corner: Point, *, width: float, band: int, height: float = 0.11) -> list[Point]:
    steps = [number / 24 for number in range(25)]
    upper = [
        (
            corner[0] + step * width,
            corner[1] + band * height + 0.02 * math.sin(step * 7 + corner[0] * 5),
        )
        for step in steps
    ]
    return upper + [(x, y + height) for x, y in reversed(upper)]


def stamp(canvas: Canvas, corner: Point, *, width: float, value: str) -> None:
    x, y = corner
    height = width * 1.3
    canvas.box(corner, (x + width, y + height), "#f7f3e8")
    hole = width / 26
    for number in range(14):
        along = number / 13
        for point in (
            (x + along * width, y),
            (x + along * width, y + height),
            (x, y + along * height),
            (x + width, y + along * height),
        ):
            canvas.disc(point, hole, "#4a3325")
    edge = width * 0.12
    canvas.box((x + edge, y + edge), (x + width - edge, y + height - edge), "#2c5c73")
    canvas.polygon(
        [
            (x + width * 0.2, y + height * 0.62),
            (x + width * 0.5, y + height * 0.28),
            (x + width * 0.8, y + height * 0.62),
        ],
        "#f2d16b",
    )
    canvas.text((x + width / 2, y + height * 0.76), value, "#f7f3e8", height=width * 0.17)


def postmark(canvas: Canvas, centre: Point, *, radius: float) -> None:
    ink = "#22242c"
    for share in (1.0, 0.62):
        canvas.ring(centre, radius * share, ink, width=radius * 0.05)
    canvas.text((centre[0], centre[1] - radius * 0.16), "04.06.19", ink, height=radius * 0.20)
    canvas.text((centre[0], centre[1] + radius * 0.14), "12:00", ink, height=radius * 0.20)
    for number in range(5):
        y = centre[1] + (number - 2) * radius * 0.34
        points = [
            (centre[0] - radius * (1.1 + step / 12), y + radius * 0.07 * math.sin(step))
            for step in range(20)
        ]
        canvas.line(points, ink, width=radius * 0.045)


def camera(canvas: Canvas, body: Point, *, scale: float) -> None:
    x, y = body
    for lean in (-0.9, 0.0, 0.9):
        canvas.line([(x, y), (x + lean * scale, 0.98)], INK, width=scale * 0.09)
    canvas.box(
        (x - scale * 0.75, y - scale * 0.5),
        (x + scale * 0.5, y + scale * 0.35),
        INK,
        radius=scale * 0.08,
    )
    canvas.box((x + scale * 0.5, y - scale * 0.32), (x + scale * 0.95, y + scale * 0.2), STEEL)
    canvas.disc((x + scale * 0.95, y - scale * 0.06), scale * 0.28, "#9cc4d8")
    canvas.box((x - scale * 0.2, y - scale * 0.8), (x + scale * 0.3, y - scale * 0.5), STEEL)
    canvas.disc((x - scale * 0.62, y - scale * 0.36), scale * 0.07, "#e2504a")


def microphone(canvas: Canvas, head: Point, *, foot: Point, colour: str) -> None:
    x, y = head
    canvas.line([(x, y + 0.12), foot], INK, width=0.022)
    canvas.box((x - 0.062, y + 0.04), (x + 0.062, y + 0.15), colour, radius=0.012)
    canvas.box((x - 0.055, y - 0.12), (x + 0.055, y + 0.05), INK, radius=0.055)
    for line in range(5):
        canvas.line(
            [(x - 0.045, y - 0.08 + line * 0.025), (x + 0.045, y - 0.08 + line * 0.025)],
            STEEL,
            width=0.004,
        )
