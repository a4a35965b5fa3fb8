"""The rehearsal of an experiment before time on a machine is asked for: verdict, machine time, evidence.

Imports `review` and the rooms below it. Offers `track_record`: how good such predictions were for published experiments.
"""
