"""Lanes and tries: every task has a lane, every lane a policy, and pauses only grow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.assets.models import Step
from portal.assets.pipeline import PIPELINE
from portal.assets.service import STEP_TASKS
from portal.ids import new_id
from portal.jobs import LANES, Job, Lane, Task
from portal.jobs.service import HEARTBEAT_SECONDS, STALLED_SECONDS
from workers.lanes import RETRIES, RetryPolicy, jobs_at_once

PAUSES = st.lists(st.floats(0, 1000), max_size=8).map(tuple)


def test_every_task_has_a_lane_and_every_lane_a_policy() -> None:
    assert set(LANES) == set(Task)
    at_once = jobs_at_once(list(Lane), encodes=1)
    assert set(RETRIES) == set(at_once) == set(Lane)
    assert all(count >= 1 for count in at_once.values())


def test_only_the_lane_of_encodes_grows_with_the_machine() -> None:
    at_once = jobs_at_once([Lane.LIGHT, Lane.MEDIA], encodes=7)
    assert at_once == {**jobs_at_once([Lane.LIGHT], encodes=1), Lane.MEDIA: 7}


def test_every_step_has_a_task_of_its_own() -> None:
    assert set(STEP_TASKS) == set(Step)
    assert len(set(STEP_TASKS.values())) == len(Step)
    assert {step for rules in PIPELINE.values() for step in rules} == set(Step)


def test_only_encodes_are_in_the_lane_of_encodes() -> None:
    assert {task for task, lane in LANES.items() if lane is Lane.MEDIA} == {
        Task.TRANSCODE,
        Task.SOUND,
        Task.CHUNK,
    }


def test_one_job_of_the_index_at_a_time() -> None:
    jobs = [Job(Task.INDEX_ASSET, new_id()), Job(Task.INDEX_EVENT, new_id())]
    assert len({job.lock for job in jobs}) == 1


@pytest.mark.parametrize("task", [task for task in Task if LANES[task] is not Lane.INDEX])
def test_other_jobs_wait_for_their_own_subject_alone(task: Task) -> None:
    subject = new_id()
    assert Job(task, subject).lock == Job(task, subject, tries=3).lock
    assert Job(task, subject).lock != Job(task, new_id()).lock


def test_a_worker_misses_two_heartbeats_before_it_is_taken_for_dead() -> None:
    assert STALLED_SECONDS > 2 * HEARTBEAT_SECONDS


@given(PAUSES)
def test_a_policy_gives_each_pause_once_and_then_none(pauses: tuple[float, ...]) -> None:
    policy = RetryPolicy(pauses)
    assert policy.tries_max == len(pauses) + 1
    assert tuple(policy.wait_seconds(n) for n in range(1, policy.tries_max)) == pauses
    assert policy.wait_seconds(policy.tries_max) is None
    assert policy.wait_seconds(policy.tries_max + 1) is None


@given(PAUSES)
def test_after_a_limit_there_are_at_most_two_tries(pauses: tuple[float, ...]) -> None:
    policy = RetryPolicy(pauses).after_limit()
    assert policy.tries_max == min(2, len(pauses) + 1)
    assert policy.wait_seconds(1) == (pauses[0] if pauses else None)
    assert policy.wait_seconds(2) is None


@pytest.mark.parametrize("lane", Lane)
def test_pauses_grow(lane: Lane) -> None:
    pauses = RETRIES[lane].waits_seconds
    assert list(pauses) == sorted(set(pauses))
    assert all(pause > 0 for pause in pauses)
