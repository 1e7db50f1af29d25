"""Captions find their recording by name."""

from __future__ import annotations

import pytest

from portal.transcripts.pairing import belongs_to, caption_name, stray_suffix


@pytest.mark.parametrize(
    ("filename", "stem", "language"),
    [
        ("scrum.en.vtt", "scrum", "en"),
        ("scrum.RU.SRT", "scrum", "ru"),
        ("scrum.be.srt", "scrum", "be"),
        ("scrum.pt-BR.vtt", "scrum", "pt-BR"),
        ("scrum.pt_br.vtt", "scrum", "pt-BR"),
        ("scrum.zh-hans.vtt", "scrum", "zh-Hans"),
        ("scrum.es-419.vtt", "scrum", "es-419"),
        ("scrum.rus.srt", "scrum", "ru"),
        ("scrum.en.sdh.srt", "scrum", "en"),
        ("scrum.2019-06-04.ru.srt", "scrum.2019-06-04", "ru"),
        ("day 1/scrum.ru.srt", "scrum", "ru"),
        ("scrum.en.ttml", "scrum", "en"),
        ("scrum.be.dfxp", "scrum", "be"),
        ("scrum.srt", "scrum", None),
        ("scrum.und.srt", "scrum.und", None),
        ("movie.final.srt", "movie.final", None),
        ("movie.cut.srt", "movie.cut", None),
        ("movie.new.srt", "movie.new", None),
        ("movie.v2.srt", "movie.v2", None),
        ("en.srt", "en", None),
        (".en.srt", ".en", None),
        ("scrum", "scrum", None),
        ("", "", None),
    ],
)
def test_the_name_of_a_caption_file(filename: str, stem: str, language: str | None) -> None:
    assert caption_name(filename) == (stem, language)


@pytest.mark.parametrize(
    ("captions", "recording"),
    [
        ("scrum.en.vtt", "scrum.mp4"),
        ("scrum.srt", "scrum.mkv"),
        ("Scrum.EN.vtt", "scrum.MP4"),
        ("БРИФИНГ.ru.srt", "Брифинг.mp4"),
        ("movie.ru.srt", "movie.ru.mp4"),
        ("movie.ru.srt", "movie.mp4"),
        ("бри\u0438\u0306.ru.srt", "бри\u0439.mp4"),
    ],
)
def test_captions_that_belong_to_a_recording(captions: str, recording: str) -> None:
    assert belongs_to(captions, recording)


@pytest.mark.parametrize(
    ("captions", "recording"),
    [("scrum.en.vtt", "scrum2.mp4"), ("scrum.2.en.vtt", "scrum.mp4"), ("x.srt", "scrum.x.mp4")],
)
def test_captions_that_do_not(captions: str, recording: str) -> None:
    assert not belongs_to(captions, recording)


@pytest.mark.parametrize(
    ("captions", "recordings", "suffix"),
    [
        ("cut.xx.vtt", ["other.mp4", "Cut.mp4"], "xx"),
        ("cut.english.vtt", ["cut.mp4"], "english"),
        ("cut.xx.en.vtt", ["cut.mp4"], "xx"),
        ("cut.en.vtt", ["cut.mp4"], None),
        ("cut.xx.vtt", ["cut.mp4", "cut.xx.mp4"], None),
        ("cut.xx.vtt", ["other.mp4"], None),
        ("cut.xx.vtt", [], None),
        ("scrum.2.en.vtt", ["scrum.mp4"], None),
        ("cut.vtt", ["cut.mp4"], None),
        ("", [""], None),
    ],
)
def test_a_suffix_that_keeps_captions_from_their_recording(
    captions: str, recordings: list[str], suffix: str | None
) -> None:
    assert stray_suffix(captions, recordings) == suffix
