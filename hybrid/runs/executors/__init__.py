"""Executors: where the runs of a sweep are done, one file each; see `hybrid.runs.worklist.Executor`."""
