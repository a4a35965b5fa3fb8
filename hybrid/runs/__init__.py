"""One run from its Spec to its Result: the record, the answer log, the session, the loop; and many runs.

Imports `measure` and the rooms below it. Offers `Spec`, `run`, `sweep`, `repeat`, `plan` (a dry run), `Result`, readers of
records and of a results folder, and rows, sums and curves of many runs. `executors/` has a file for each place to do a sweep.
"""
