"""Ink and ground of the design tokens, in light and in dark, against WCAG 2.2 AA."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "static/styles/tokens.css").read_text()
LIGHT, DARK = TOKENS.split("@media (prefers-color-scheme: dark)")
COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
TEXT_CONTRAST_MIN = 4.5
SIGN_CONTRAST_MIN = 3.0

TEXTS = [
    *((ink, ground) for ink in ("ink", "ink-soft", "accent") for ground in ("paper", "sheet")),
    *((state, "paper") for state in ("good", "warning", "danger")),
    ("accent-strong", "paper"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("marker-ink", "marker"),
    ("ink", "warning-ground"),
    ("ink", "danger-ground"),
    ("masthead-ink", "masthead"),
    ("masthead-soft", "masthead"),
]


def colours(scheme: str) -> dict[str, str]:
    light = dict(COLOUR.findall(LIGHT))
    return light if scheme == "light" else light | dict(COLOUR.findall(DARK))


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_the_standard_says() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXTS)
def test_words_can_be_read(scheme: str, ink: str, ground: str) -> None:
    found = colours(scheme)
    assert contrast(found[ink], found[ground]) >= TEXT_CONTRAST_MIN


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_edges_of_fields_can_be_seen(scheme: str) -> None:
    found = colours(scheme)
    assert contrast(found["line-strong"], found["paper"]) >= SIGN_CONTRAST_MIN
