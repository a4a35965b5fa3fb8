"""Shared by the workloads: limits of their options, gates, witness observables, and checks with their references."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.bench.job import Answer, Job, Step, Verdict, Workload
from hybrid.bench.judge import ANALYTIC, DENSE, Distribution, judge_counts, judge_values, unverified
from hybrid.bench.workloads import _dense, _trajectories

Terms = tuple[tuple[str, float], ...]
SHOTS = (100, 10**7)
"""Least and most."""


def require(owner: str, **options: tuple[int, int, int]) -> None:
    """UsageError unless every option lies within its limits; each is given as (value, least, most)."""
    for name, (value, least, most) in options.items():
        if not least <= value <= most:
            raise UsageError(f"workload '{owner}': {name} must lie between {least} and {most}, not {value}.")


def gate(name: str, *qubits: int, angle: float = 0.0) -> Step:
    """A gate without parameters."""
    return Step(name, qubits, angle)


def layer(name: str, n: int, angles: np.ndarray | None = None) -> Iterator[Step]:
    """The same gate on every qubit, each by its own angle."""
    return (Step(name, (q,), 0.0 if angles is None else float(angles[q])) for q in range(n))


def toffoli(a: int, b: int, target: int) -> Iterator[Step]:
    """X on the target where a and b are 1, in the common gates (Nielsen and Chuang, figure 4.9)."""
    yield gate("h", target)
    for control, turn in ((b, "tdg"), (a, "t"), (b, "tdg"), (a, "t")):
        yield gate("cx", control, target)
        yield gate(turn, target)
    yield gate("h", target)
    yield from (gate("t", b), gate("cx", a, b), gate("t", a), gate("tdg", b), gate("cx", a, b))


def cubic_graph(n: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """A random graph of three edges per vertex, n even and 4 or more: a cycle through all, and a matching across it."""
    cycle = rng.permutation(n).tolist()
    ring = {frozenset(pair) for pair in zip(cycle, [*cycle[1:], cycle[0]], strict=True)}
    while True:
        ends = rng.permutation(n).tolist()
        matching = {frozenset(pair) for pair in zip(ends[::2], ends[1::2], strict=True)}
        if not ring & matching:
            return sorted((min(edge), max(edge)) for edge in ring | matching)


def check_even(owner: str, n: int) -> None:
    """UsageError for an odd number of vertices, which no graph of degree three has."""
    if n % 2:
        raise UsageError(f"workload '{owner}': n must be even, not {n}: every vertex has three edges.")


def asked(task: str, observables: tuple[Terms, ...], shots: int) -> dict[str, Any]:
    """The fields of a job that describe the task."""
    if task == "counts":
        return {"task": task, "shots": shots}
    return {"task": task, "observables": observables}


def letters(n: int, placed: dict[int, str]) -> str:
    """A Pauli string: qubit 0 is the rightmost letter."""
    string = ["I"] * n
    for qubit, letter in placed.items():
        string[n - 1 - qubit] = letter
    return "".join(string)


def witness(n: int, rng: np.random.Generator) -> Terms:
    """An observable that is sensitive to qubit order, signs and axes: X, Y, Z everywhere, pairs of neighbours, one full string.

    No two qubits have the same weights, so exchanging qubits shows; terms of odd and even number of Y have none in common, so
    complex conjugation shows; every qubit counts, so none can be left out.
    """
    draw = rng.choice(list("XYZ"), (n, 2))
    weights = rng.uniform(0.5, 1.5, 5 * n) * rng.choice([-1.0, 1.0], 5 * n)
    strings = [letters(n, {q: letter}) for q in range(n) for letter in "XYZ"]
    strings += [letters(n, {q: draw[q, 0], q + 1: draw[q, 1]}) for q in range(n - 1)]
    strings += ["".join(rng.choice(list("XYZ"), n))] if n > 2 else []
    merged: dict[str, float] = {}
    for string, weight in zip(strings, weights, strict=False):
        merged[string] = merged.get(string, 0.0) + float(weight)
    return tuple(merged.items())


def judged_densely(job: Job, version: int) -> Workload:
    """A workload whose reference is the dense simulation, made at the first check; if it is too wide for that, trajectories
    where it is noisy and of few more qubits, else unverified."""
    noisy = _dense.noisy(job)
    gradient = noisy and job.task == "gradient"
    most = _dense.MAX_GRADIENT_QUBITS if gradient else _dense.MAX_MIXED_QUBITS if noisy else _dense.MAX_QUBITS
    name = "dense density matrix" if noisy else "dense state vector"

    if noisy and not gradient and most < job.n_qubits <= _trajectories.MAX_QUBITS:
        return Workload(job, version, _trajectories.check_of(job))

    @cache
    def reference() -> Any:
        if job.task == "counts":
            return _dense.distribution(job)
        return _dense.values(job), _dense.gradient(job) if job.task == "gradient" else None

    def check(answer: Answer) -> Verdict:
        if job.n_qubits > most:
            return unverified(job, answer)
        if job.task == "counts":
            return judge_counts(job, answer, DENSE, name, reference())
        return judge_values(job, answer, DENSE, name, *reference())

    return Workload(job, version, check)


def judged_by_values(job: Job, version: int, source: str, values: Callable[[], np.ndarray]) -> Workload:
    """A workload whose values (1, o) are known by its structure, at any width."""
    reference = cache(values)
    return Workload(job, version, lambda answer: judge_values(job, answer, ANALYTIC, source, reference()))


def judged_by_outcomes(job: Job, version: int, source: str, exact: Distribution) -> Workload:
    """A workload whose distribution is known by its structure, at any width."""
    return Workload(job, version, lambda answer: judge_counts(job, answer, ANALYTIC, source, exact))
