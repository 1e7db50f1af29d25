"""The table of steps, by its properties: it ends, it repeats nothing, it forgets nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.assets.models import AssetState, Kind, Outcome, Step
from portal.assets.pipeline import PIPELINE, asset_state, next_steps

KINDS = st.sampled_from(Kind)
OUTCOMES = st.dictionaries(st.sampled_from(Step), st.sampled_from(Outcome))


def _run(
    kind: Kind, ends: Mapping[Step, Outcome], order: st.DataObject | None = None
) -> dict[Step, Outcome]:
    """Finish one step after another, in an order that is drawn; those in `ends` as it says."""
    outcomes: dict[Step, Outcome] = {}
    while ready := sorted(next_steps(kind, outcomes)):
        step = ready[0] if order is None else order.draw(st.sampled_from(ready))
        outcomes[step] = ends.get(step, Outcome.DONE)
    return outcomes


@given(kind=KINDS, outcomes=OUTCOMES)
def test_an_ended_step_is_never_next(kind: Kind, outcomes: dict[Step, Outcome]) -> None:
    assert not next_steps(kind, outcomes) & outcomes.keys()


@given(kind=KINDS, outcomes=OUTCOMES)
def test_a_step_is_next_only_when_all_it_waits_for_ended_well(
    kind: Kind, outcomes: dict[Step, Outcome]
) -> None:
    for step in next_steps(kind, outcomes):
        for before in PIPELINE[kind][step].after:
            assert outcomes[before] in {Outcome.DONE, Outcome.PARTIAL}


@pytest.mark.parametrize("kind", [Kind.VIDEO, Kind.AUDIO])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_recording_is_indexed_once_its_captions_have_ended_however(
    kind: Kind, outcome: Outcome
) -> None:
    others = dict.fromkeys(PIPELINE[kind].keys() - {Step.SUBTITLES, Step.INDEX}, Outcome.DONE)
    assert next_steps(kind, others) == {Step.SUBTITLES}
    assert next_steps(kind, {**others, Step.SUBTITLES: outcome}) == {Step.INDEX}


@given(kind=KINDS, outcomes=OUTCOMES, step=st.sampled_from(Step))
def test_a_step_that_ends_well_takes_no_other_step_away(
    kind: Kind, outcomes: dict[Step, Outcome], step: Step
) -> None:
    """So jobs that are queued already stay right whatever ends meanwhile."""
    before = next_steps(kind, outcomes)
    if step in before:
        after = next_steps(kind, {**outcomes, step: Outcome.DONE})
        assert before - {step} <= after


@given(kind=KINDS, data=st.data())
def test_every_kind_reaches_ready_in_whatever_order(kind: Kind, data: st.DataObject) -> None:
    outcomes = _run(kind, {}, data)
    assert outcomes.keys() == PIPELINE[kind].keys()
    assert asset_state(kind, outcomes) is AssetState.READY


@given(kind=KINDS, ends=OUTCOMES, data=st.data())
def test_every_run_ends_and_tells_the_same_whatever_the_order(
    kind: Kind, ends: dict[Step, Outcome], data: st.DataObject
) -> None:
    drawn = _run(kind, ends, data)
    assert drawn == _run(kind, ends)
    assert asset_state(kind, drawn) is not AssetState.PROCESSING


@pytest.mark.parametrize("kind", Kind)
def test_a_new_asset_is_processing_and_has_something_to_do(kind: Kind) -> None:
    assert next_steps(kind, {})
    assert asset_state(kind, {}) is AssetState.PROCESSING


@pytest.mark.parametrize("kind", Kind)
def test_an_asset_is_not_ready_before_its_last_step(kind: Kind) -> None:
    outcomes: dict[Step, Outcome] = {}
    while ready := sorted(next_steps(kind, outcomes)):
        assert asset_state(kind, outcomes) is AssetState.PROCESSING
        outcomes[ready[0]] = Outcome.DONE
    assert asset_state(kind, outcomes) is AssetState.READY


STEPS = [(kind, step) for kind in Kind for step in PIPELINE[kind]]


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_a_failed_step_fails_the_asset_if_it_is_essential(kind: Kind, step: Step) -> None:
    state = asset_state(kind, _run(kind, {step: Outcome.FAILED}))
    is_essential = PIPELINE[kind][step].essential
    assert state is (AssetState.FAILED if is_essential else AssetState.PARTIAL)


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_a_partial_step_makes_the_asset_partial_and_holds_nothing_up(
    kind: Kind, step: Step
) -> None:
    outcomes = _run(kind, {step: Outcome.PARTIAL})
    assert outcomes.keys() == PIPELINE[kind].keys()
    assert asset_state(kind, outcomes) is AssetState.PARTIAL


@pytest.mark.parametrize("kind", Kind)
def test_an_original_that_is_not_what_was_sent_is_never_indexed(kind: Kind) -> None:
    assert Step.INDEX not in _run(kind, {Step.VERIFY: Outcome.FAILED})


def test_a_recording_without_a_poster_can_be_watched_and_found() -> None:
    outcomes = _run(Kind.VIDEO, {Step.POSTER: Outcome.FAILED})
    assert outcomes[Step.INDEX] is Outcome.DONE
    assert asset_state(Kind.VIDEO, outcomes) is AssetState.PARTIAL


@pytest.mark.parametrize("kind", Kind)
def test_the_table_is_closed_and_has_no_circle(kind: Kind) -> None:
    rules = PIPELINE[kind]
    for step, rule in rules.items():
        assert rule.after <= rules.keys()
        assert step not in rule.after
    assert _run(kind, {}).keys() == rules.keys()
