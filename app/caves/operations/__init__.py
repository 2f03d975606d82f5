"""What an operator does to a pipeline that runs.

- `tasks` reads, starts, pauses and resumes tasks and alerts, and runs both graphs now;
- `rejected` finds rejected events, and has them retried or discarded;
- `procedures` are the procedures of the pipeline that people call.
"""
