"""A small press event in a folder: a recording with captions in two languages, photos, sound."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.media import make_clip

SLUG = "small-scrum"
EVENT = f"""
slug: {SLUG}
title: {{en: Press scrum on trade, ru: Пресс-подход о торговле}}
summary: {{en: Ministers answer, ru: Министры отвечают}}
starts_at: 2019-06-04T10:00:00+03:00
time_zone: Europe/Minsk
place: {{en: Minsk, ru: Минск}}
topics: [{{en: trade, ru: торговля}}]
people: [{{name: Gerhard Jarosch, role: {{en: Minister}}, variants: [Yarosch, Ярош]}}]
publish: now
files:
  scrum.mp4: {{title: {{en: The scrum}}, language: en, people: [Gerhard Jarosch]}}
  square.jpg:
    title: {{en: The flag}}
    caption: {{en: A flag above the square, ru: Флаг над площадью}}
"""
ENGLISH = """WEBVTT

00:00.500 --> 00:02.500
<v Gerhard Jarosch>The agreement on fisheries is signed.

00:02.500 --> 00:05.000
<v Gerhard Jarosch>Nobody was asked twice.
"""
RUSSIAN = """1
00:00:00,500 --> 00:00:02,500
Соглашение о рыболовстве подписано.

2
00:00:02,500 --> 00:00:05,000
Никого не спрашивали дважды.
"""
ALONE = "WEBVTT\n\n00:01.000 --> 00:04.000\nHistory belongs to those who find it.\n"
FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
QUERIES = (
    "fisheries",
    "fishery",
    "agreement",
    '"asked twice"',
    '"twice asked"',
    "signed agreement",
    "agrement",
    "рыболовство",
    "соглашение",
    "подписано",
    "Jarosch",
    "Yarosch",
    "Ярош",
    "yarosh",
    "flag",
    "флаг",
    "площадь",
    "square",
    "history belongs",
    "trade",
    "торговля",
    "minsk",
    "минск",
    "scrum",
    "nothing of the kind",
)


def make_event_folder(folder: Path, *, seconds: float = 6, size: str = "640x360") -> Path:
    """Everything of the event, to be taken by `portal ingest`; made anew it is the same."""
    folder.mkdir(parents=True)
    make_clip(folder / "scrum.mp4", seconds=seconds, size=size, options=FAST)
    make_clip(folder / "statement.flac", seconds=3, picture=False)
    Image.linear_gradient("L").resize((1200, 800)).save(folder / "square.jpg")
    for name, text in {
        "event.yaml": EVENT,
        "scrum.en.vtt": ENGLISH,
        "scrum.ru.srt": RUSSIAN,
        "history.en.vtt": ALONE,
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
