"""Benchmarks of simulator backends: a fast answer that the checks can see to be wrong does not rank."""
