"""The reference of noisy circuits too wide for a density matrix: trajectories by Qiskit Aer, with their own resolution.

One trajectory is one shot (Dalibard, Castin and Molmer, PRL 68, 580, 1992). A verdict allows for the scatter of the reference
and says with its name how large an error it could have seen.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from math import inf, log, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from hybrid.base.randomness import child
from hybrid.bench.job import Answer, Job, Step, Verdict
from hybrid.bench.judge import DENSE, EPSILON, FALSE_ALARM, bernstein
from hybrid.bench.workloads import _dense

MAX_QUBITS = 14
SHOTS = 8192
"""Trajectories for every setting: a minute or two for the stand-in's noise on 14 qubits."""
STREAM = 1
"""Child of the job's seed; simulators are given the seed itself."""
Z = NormalDist().inv_cdf(1 - FALSE_ALARM / 2)
"""Standard errors that a right answer exceeds with probability `FALSE_ALARM`."""
TURNS = {"X": ("h",), "Y": ("sdg", "h"), "Z": ()}


def check_of(job: Job) -> Callable[[Answer], Verdict]:
    """The judge of energies or counts of a noisy job; the trajectories are drawn at the first answer."""
    if job.task == "counts":
        weight = cache(lambda: _weight(job))
        return lambda answer: _judge_counts(job, answer, *weight())
    values = cache(lambda: _values(job))
    return lambda answer: _judge_values(job, answer, *values())


def _drawn(job: Job, number: int) -> Mapping[int, int]:
    """Outcomes of `SHOTS` trajectories at the job's one point."""
    from hybrid.bench.adapters.aer import aer

    seed = int(child(job.seed, STREAM, number).generate_state(1)[0] >> 1)  # Aer takes 31 bits
    asked, adapter = job._replace(task="counts", observables=(), shots=SHOTS, seed=seed), aer()
    counts = adapter.compile(adapter.translate(asked), asked)().counts
    assert counts is not None
    return counts


def _moments(counts: Mapping[int, int], of: np.ndarray) -> tuple[float, float]:
    """Mean of `of` (2^n,) over the shots, and its variance per shot."""
    outcomes, numbers = np.array(list(counts)), np.array(list(counts.values()), dtype=float)
    shares = numbers / numbers.sum()
    mean = float(shares @ of[outcomes])
    return mean, float(shares @ (of[outcomes] - mean) ** 2)


def _weight(job: Job) -> tuple[np.ndarray, float, float]:
    """The probabilities of the circuit without its noise, over their maximum, and their mean and variance under noise.

    The linear cross-entropy (Boixo et al., Nature Physics 14, 595, 2018): it falls with every error, and where qubits are
    exchanged.
    """
    quiet = job._replace(steps=tuple(step for step in job.steps if step.name not in _dense.NOISE))
    ideal = _dense.distribution(quiet)
    weight = ideal / ideal.max()
    return weight, *_moments(_drawn(job, 0), weight)


def _judge_counts(job: Job, answer: Answer, weight: np.ndarray, mean: float, variance: float) -> Verdict:
    """The mean weight of the counts against the trajectories': Bernstein's bound for the one, `Z` errors for the other."""
    counts = answer.counts
    tolerance = bernstein(variance, log(4 / FALSE_ALARM) / job.shots) + Z * sqrt(variance / SHOTS)
    name = "mean ideal probability of the observed outcomes, relative to the largest, off by"
    sound = counts and sum(counts.values()) == job.shots and min(counts.values()) >= 0 and max(counts) < len(weight)
    metric = abs(_moments(counts, weight)[0] - mean) if counts and sound and min(counts) >= 0 else inf
    return Verdict(metric <= tolerance, metric, tolerance, name, DENSE, _source(tolerance))


def _values(job: Job) -> tuple[np.ndarray, np.ndarray]:
    """Values (k, o), and their standard errors: shots in every basis that terms share qubit by qubit."""
    values, variances = np.zeros((2, len(job.points), len(job.observables)))
    outcomes, number = np.arange(2**job.n_qubits), 0
    for k, point in enumerate(job.points):
        for o, terms in enumerate(job.observables):
            for basis, group in _bases(terms):
                signs = [w * (1 - 2 * (np.bitwise_count(outcomes & mask) & 1).astype(float)) for mask, w in group]
                turned = tuple(Step(name, (q,)) for q, letter in basis.items() for name in TURNS[letter])
                counts = _drawn(job._replace(steps=(*job.steps, *turned), points=(point,)), number)
                mean, variance = _moments(counts, np.sum(signs, axis=0))
                values[k, o] += mean
                variances[k, o] += variance / SHOTS
                number += 1
    return values, np.sqrt(variances)


def _judge_values(job: Job, answer: Answer, values: np.ndarray, errors: np.ndarray) -> Verdict:
    """Off by at most `Z` standard errors; distance and resolution in units of the sum of |coefficients|."""
    norms = np.array([sum(abs(weight) for _, weight in terms) for terms in job.observables])
    bounds = Z * errors / norms + EPSILON["single"]
    sound = answer.values is not None and np.shape(answer.values) == values.shape and np.isfinite(answer.values).all()
    distances = np.abs(np.asarray(answer.values) - values) / norms if sound else np.full(values.shape, inf)
    worst = np.unravel_index(np.argmax(distances / bounds), bounds.shape)
    metric, tolerance = float(distances[worst]), float(bounds[worst])
    return Verdict(metric <= tolerance, metric, tolerance, "largest error / sum of |coefficients|", DENSE, _source(tolerance))


def _source(tolerance: float) -> str:
    """The reference, with what it can tell apart."""
    return f"{SHOTS:,} trajectories by Qiskit Aer, which tell errors above {tolerance:.1g}"


def _bases(terms: Any) -> Iterator[tuple[dict[int, str], list[tuple[int, float]]]]:
    """Bases by qubit, greedily, each with the terms (mask of its qubits, weight) that it measures."""
    found: list[tuple[dict[int, str], list[tuple[int, float]]]] = []
    for pauli, weight in terms:
        letters = {q: letter for q, letter in enumerate(reversed(pauli)) if letter != "I"}
        place = next((one for one in found if all(one[0].get(q, x) == x for q, x in letters.items())), None)
        if place is None:
            place = ({}, [])
            found.append(place)
        place[0].update(letters)
        place[1].append((sum(1 << q for q in letters), weight))
    yield from found
