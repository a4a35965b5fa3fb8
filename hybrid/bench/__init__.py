"""Benchmarks of simulator backends: only verified answers rank.

Imports `measure` for scores of a device, `runs` for one's own run (`mine/`), `catalog` and `base`. Offers suites, processes
that measure, rows, statistics; a job, its verification, `workloads/` and `adapters/`, one small file each.
"""
