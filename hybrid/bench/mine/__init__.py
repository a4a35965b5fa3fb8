"""One's own run as a workload: the questions of its loop, timed and judged on every backend that can answer them.

Imports `runs` and the rooms below it. Offers `survey`; a file each for the questions, the process, the judge and the cells.
"""
