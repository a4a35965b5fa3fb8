"""Benchmarks of simulator backends: a fast answer that the checks can see to be wrong does not rank.

Imports `measure` for scores of a device, `catalog` and `base`. Offers suites, processes that measure, rows, statistics; a job,
its judge, `workloads/` and `adapters/`, one small file each.
"""
