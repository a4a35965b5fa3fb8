"""One run from its Spec to its Result: the record, the answer log, the session, the loop.

Imports `measure` and the rooms below it. Offers `Spec`, `run`, `repeat`, `plan` (a dry run), `Result`, and readers of records
and of a results folder.
"""
