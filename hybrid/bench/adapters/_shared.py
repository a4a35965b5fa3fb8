"""Shared by the adapters: refusals, versions, and gradients by parameter shift where a simulator has none of its own."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module, metadata
from math import pi
from typing import Any

import numpy as np

from hybrid.base.errors import MissingPart
from hybrid.bench.job import DYNAMIC, NOISE, RELAX, Answer, Job, Step


def simulator(module: str, extra: str) -> Any:
    """The simulator's module; MissingPart with the command that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        command = f"pip install 'hybrid-sandbox[{extra}]'" if extra else "pip install hybrid-sandbox"
        raise MissingPart(f"{module} is missing ({error}). Install it with: {command}") from None


def versions(*packages: str) -> dict[str, str]:
    """What is installed of these distributions."""
    return {package: metadata.version(package) for package in packages}


def noisy(job: Job) -> bool:
    """Whether any step is an error channel."""
    return any(step.name in NOISE for step in job.steps)


def dynamic(job: Job) -> bool:
    """Whether anything is measured before the end."""
    return any(step.name in DYNAMIC for step in job.steps)


def conditioned(circuit: Any, step: Step, n_qubits: int) -> AbstractContextManager[Any]:
    """A block of a Qiskit circuit, applied where bit `n_qubits + condition` is 1; without a condition, always."""
    return nullcontext() if step.condition < 0 else circuit.if_test((circuit.clbits[n_qubits + step.condition], 1))


def final_counts(outcomes: Iterable[tuple[int, int]], n_qubits: int) -> dict[int, int]:
    """Counts by the final bits of the qubits, from (outcome, number); mid-circuit outcomes are the higher bits and left out."""
    counts: Counter[int] = Counter()
    for outcome, number in outcomes:
        counts[outcome & ((1 << n_qubits) - 1)] += int(number)
    return dict(counts)


def refuse(
    owner: str, job: Job, *, tasks: Sequence[str], noise: bool = False, relaxes: bool = False, midway: bool = False
) -> str | None:
    """Why a backend that answers `tasks`, with or without noise, relaxation and measurements midway, cannot do it, or None."""
    if job.task not in tasks:
        return f"{owner} answers {', '.join(tasks)} only, not {job.task}"
    if noisy(job) and not noise:
        return f"{owner} takes no noise here"
    if not relaxes and any(step.name == RELAX for step in job.steps):
        return f"{owner} takes no relaxation here"
    if dynamic(job) and not (midway and job.task == "counts"):
        return f"{owner} measures at the end only"
    return None


def shifted(job: Job) -> Job:
    """The gradient's job as values at 2 m + 1 points: each of m parametrised steps shifted by +-pi/2, and none."""
    (point,) = job.points
    steps: list[Step] = []
    base: list[float] = []
    for step in job.steps:
        if step.parameter >= 0:
            steps.append(step._replace(angle=0.0, parameter=len(base), scale=1.0))
            base.append(step.at(point))
        else:
            steps.append(step)
    rows = np.array(base) + pi / 2 * np.concatenate([np.eye(len(base)), -np.eye(len(base)), np.zeros((1, len(base)))])
    points = tuple(map(tuple, rows.tolist()))
    return job._replace(steps=tuple(steps), task="expectations", observables=job.observables[:1], points=points)


def unshifted(job: Job, answer: Answer) -> Answer:
    """The gradient from the values at the shifted points: df/dangle = (f(+pi/2) - f(-pi/2)) / 2 (Mitarai et al., 2018)."""
    assert answer.values is not None
    turning = [step for step in job.steps if step.parameter >= 0]
    m, values = len(turning), answer.values[:, 0]
    gradient = np.zeros(len(job.points[0]))
    for step, plus, minus in zip(turning, values[:m], values[m : 2 * m], strict=True):
        gradient[step.parameter] += step.scale * (plus - minus) / 2
    return answer._replace(values=values[-1:, None], gradient=gradient)
