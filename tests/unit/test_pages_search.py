from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from portal.search.documents import DocumentKind
from portal.search.models import Counts, SearchHit, SearchResults
from portal.search.views import Labels, hit_view, marked, search_page
from portal.web.presentation import Text
from tests.unit.press_archive import EVENT, MORNING

LABELS = Labels({EVENT.slug: Text("Press scrum", "en")}, {"gerhard-jarosch": "Gerhard Jarosch"})
SPOKEN = SearchHit(
    kind=DocumentKind.PASSAGE,
    event_slug=EVENT.slug,
    event_title=EVENT.title,
    asset_id="scrum",
    title="Scrum",
    start_seconds=3723.5,
    end_seconds=3727.0,
    person_slug=None,
    person_name="Journalist",
    language="ru",
    text="Доказательства <не> ждут",
    highlights=((0, 14),),
    poster="poster.jpg",
    happened_at=MORNING,
    time_zone=EVENT.time_zone,
)


@st.composite
def highlighted(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    text = draw(st.text(max_size=60))
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return text, list(zip(places[::2], places[1::2], strict=False))


@given(highlighted())
def test_marks_add_nothing_to_the_text_but_themselves(
    case: tuple[str, list[tuple[int, int]]],
) -> None:
    text, highlights = case
    shown = marked(text, highlights)
    plain = re.sub("</?mark>", "", shown)
    assert "<" not in plain
    assert plain == str(html.escape(text)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    assert shown.count("<mark>") == len(highlights)


def test_a_hit_leads_to_its_second_in_the_language_it_was_said_in() -> None:
    hit = hit_view(SPOKEN, language="en")
    assert hit.path == "/en/assets/scrum?t=3723.5&captions=ru#now"
    assert hit.clock == "01:02:03"
    assert hit.words == "<mark>Доказательства</mark> &lt;не&gt; ждут"
    assert hit.words_language == "ru"
    assert (hit.speaker, hit.speaker_path) == ("Journalist", "")
    assert hit_view(SPOKEN, language="ru").path == "/ru/assets/scrum?t=3723.5#now"


def test_the_day_of_a_hit_is_that_of_its_event() -> None:
    late = datetime(2019, 6, 4, 22, 30, tzinfo=UTC)
    day = hit_view(replace(SPOKEN, happened_at=late), language="en").day
    assert (EVENT.time_zone, str(day)) == ("Europe/Minsk", "5 June 2019")


def results(**facets: dict[str, int]) -> SearchResults:
    return SearchResults("evidence", 7, (SPOKEN,), facets, partial=False, took_ms=1.0)


def test_facets_are_links_that_keep_the_rest_of_the_question() -> None:
    page = search_page(
        results(kind={"photo": 2, "passage": 5}, language={"ru": 7}),
        {"q": "a & b", "person": "gerhard-jarosch"},
        labels=LABELS,
        language="en",
    )
    (kinds,) = page.facets
    assert [(value.name.words, value.count) for value in kinds.values] == [
        ("Spoken words", "5"),
        ("Photos", "2"),
    ]
    assert kinds.values[1].path == "/en/search?q=a+%26+b&person=gerhard-jarosch&kind=photo"


def test_the_page_counts_what_it_lists_when_that_is_known() -> None:
    found = results(kind={"photo": 6, "passage": 1})
    listed = Counts(3, {"kind": {"photo": 2, "passage": 1}})
    for given_results, total, photos in ((found, 7, "6"), (replace(found, listed=listed), 3, "2")):
        page = search_page(given_results, {"q": "x"}, labels=LABELS, language="en")
        assert (page.total, page.facets[0].values[0].count) == (total, photos)


def test_a_filter_in_force_can_be_taken_back() -> None:
    page = search_page(
        results(person={"gerhard-jarosch": 7}),
        {"q": "evidence", "person": "gerhard-jarosch", "event": "unknown"},
        labels=LABELS,
        language="en",
    )
    assert [(chosen.name.words, chosen.path) for chosen in page.chosen] == [
        ("unknown", "/en/search?q=evidence&person=gerhard-jarosch"),
        ("Gerhard Jarosch", "/en/search?q=evidence&event=unknown"),
    ]
    assert page.hidden == (("person", "gerhard-jarosch"), ("event", "unknown"))


def test_photos_alone_are_shown_as_a_grid() -> None:
    page = search_page(results(), {"q": "x", "kind": "photo"}, labels=LABELS, language="en")
    assert page.is_grid
    assert not search_page(results(), {"q": "x"}, labels=LABELS, language="en").is_grid
