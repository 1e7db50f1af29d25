"""A worker refuses to start unless every task has exactly one handler."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.assets.models import Step
from portal.jobs import Task
from workers.registry import STEP_HANDLERS, check_total


def test_every_step_has_a_handler_of_its_own() -> None:
    assert set(STEP_HANDLERS) == set(Step)
    assert len(set(STEP_HANDLERS.values())) == len(Step)


@given(st.permutations(list(Task)))
def test_each_task_once_will_do(tasks: list[Task]) -> None:
    check_total(tasks)


@pytest.mark.parametrize("task", Task)
def test_a_missing_handler_is_named(task: Task) -> None:
    with pytest.raises(LookupError, match=rf"without a handler: .*{task}.*; with several: set"):
        check_total([other for other in Task if other is not task])


@pytest.mark.parametrize("task", Task)
def test_a_doubled_handler_is_named(task: Task) -> None:
    with pytest.raises(LookupError, match=rf"without a handler: set.*with several: .*{task}"):
        check_total([*Task, task])
