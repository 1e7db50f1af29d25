"""The state of the job queue: who works, what has stalled, what is queued."""
