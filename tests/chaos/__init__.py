"""A house full of people and agents, faults of every kind at once, and the invariants that hold all the same.

`make chaos`, or `python -m tests.chaos --seed 1 --seconds 60`. It is not part of the tests: what it meets depends on
the machine's pace. Everybody here draws from a source of their own, so that one seed leads to the same choices as far
as timing allows.
"""
