"""Background work: its vocabulary, and how it is queued.

A task is the function, a job is one run of it. Every job concerns one row, named by its id, and
is queued on the caller's connection, so that it commits or vanishes with that row. The web knows
tasks by these names only and never imports their code.
"""

from portal.jobs.deferring import defer
from portal.jobs.vocabulary import LANES, Job, Lane, Task

__all__ = ["LANES", "Job", "Lane", "Task", "defer"]
