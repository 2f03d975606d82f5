"""What an operator does to a pipeline that runs.

- `graph` runs its tasks now, until they have finished;
- `rejected` finds rejected events and decides about them; `reprocess` applies the transforms of
  today to a window of RAW; `forget` erases a customer; each through `procedures`.
"""
