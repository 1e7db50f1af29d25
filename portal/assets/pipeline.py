"""The order of steps, in one pure table: kind and finished steps in, next steps out.

No step starts another by itself: whoever finishes a step asks `next_steps` and queues the answer
in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from portal.assets.models import AssetState, Kind, Outcome, Step

Outcomes = Mapping[Step, Outcome]
"""The steps that have ended, each with how."""


@dataclass(frozen=True)
class Rule:
    """`after`: steps that must have ended well; `once_ended`: those that must have ended, however.

    `essential`: the asset is nothing without it.
    """

    after: frozenset[Step] = frozenset()
    once_ended: frozenset[Step] = frozenset()
    essential: bool = True


def _after(*steps: Step, once_ended: Step | None = None, essential: bool = True) -> Rule:
    ended = frozenset() if once_ended is None else frozenset({once_ended})
    return Rule(after=frozenset(steps), once_ended=ended, essential=essential)


_RECORDING: Mapping[Step, Rule] = {
    Step.VERIFY: _after(),
    Step.PROBE: _after(),
    Step.PREVIEW: _after(Step.PROBE, essential=False),
    Step.SOUND: _after(Step.PROBE),
    Step.SUBTITLES: _after(Step.PROBE, essential=False),
}

PIPELINE: Mapping[Kind, Mapping[Step, Rule]] = {
    Kind.VIDEO: {
        **_RECORDING,
        Step.TRANSCODE: _after(Step.PROBE),
        Step.POSTER: _after(Step.PROBE, essential=False),
        Step.STORYBOARD: _after(Step.TRANSCODE, essential=False),
        Step.DOWNLOAD: _after(Step.TRANSCODE, Step.SOUND, essential=False),
        Step.INDEX: _after(
            Step.VERIFY,
            Step.TRANSCODE,
            Step.SOUND,
            once_ended=Step.SUBTITLES,
            essential=False,
        ),
    },
    Kind.AUDIO: {
        **_RECORDING,
        Step.DOWNLOAD: _after(Step.SOUND, essential=False),
        Step.INDEX: _after(Step.VERIFY, Step.SOUND, once_ended=Step.SUBTITLES, essential=False),
    },
    Kind.PHOTO: {
        Step.VERIFY: _after(),
        Step.PHOTO: _after(),
        Step.INDEX: _after(Step.VERIFY, Step.PHOTO, essential=False),
    },
    Kind.CAPTIONS: {
        Step.VERIFY: _after(),
        Step.CAPTIONS: _after(),
        Step.INDEX: _after(Step.VERIFY, Step.CAPTIONS, essential=False),
    },
}


ESSENTIAL_STEPS: Set[Step] = {
    step for rules in PIPELINE.values() for step, rule in rules.items() if rule.essential
}
"""When one of them fails, so has the asset."""


def next_steps(kind: Kind, outcomes: Outcomes) -> Set[Step]:
    """Steps that may start now: not ended yet, and all that they wait for has ended."""
    usable = {step for step, outcome in outcomes.items() if outcome is not Outcome.FAILED}
    return {
        step
        for step, rule in PIPELINE[kind].items()
        if step not in outcomes and rule.after <= usable and rule.once_ended <= outcomes.keys()
    }


def asset_state(kind: Kind, outcomes: Outcomes) -> AssetState:
    """The state of a stored asset, derived from how its steps ended."""
    rules = PIPELINE[kind]
    failed = {step for step in rules if outcomes.get(step) is Outcome.FAILED}
    if any(rules[step].essential for step in failed):
        return AssetState.FAILED
    if any(step not in outcomes for step in rules):
        return AssetState.PROCESSING
    if failed or Outcome.PARTIAL in outcomes.values():
        return AssetState.PARTIAL
    return AssetState.READY
