"""Whether an experiment is worth time on a machine: it is played there, judged, and packed as evidence.

Imports `review`, `runs` and the rooms below them. Offers `rehearse`, the `Rehearsal`, the evidence package, and `track_record`:
how good predictions of published experiments are.
"""
