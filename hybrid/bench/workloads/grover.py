"""Grover's search: deep, but with only two different amplitudes, so decision diagrams stay small."""

from collections.abc import Iterator
from math import asin, pi, sin

import numpy as np

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import SHOTS, gate, judged_by_outcomes, layer, require, toffoli


def grover(*, n: int = 5, iterations: int = 2, shots: int = 4096, seed: int = 0) -> Workload:
    """Grover's search for one marked string of n bits, with n - 3 helper qubits for the many controls.

    It is measured with probability sin^2((2 k + 1) t), sin t = 2^(-n/2), the others with equal ones (Grover,
    arXiv:quant-ph/9605043). The superposition is made by RY, which complex conjugation does not undo. UsageError: n outside
    3..16, iterations outside 1..1000, shots outside 100..10^7.
    """
    require("grover", n=(n, 3, 16), iterations=(iterations, 1, 1000), shots=(shots, *SHOTS))
    marked = (np.random.default_rng([seed, n]).random(n) < 0.5).astype(int).tolist()
    marked[0], marked[-1] = 1, 0
    zeros = [q for q in range(n) if not marked[q]]
    steps = [gate("ry", q, angle=pi / 2) for q in range(n)]
    for _ in range(iterations):
        steps += [*_flip_sign(n, zeros), *layer("h", n), *_flip_sign(n, list(range(n))), *layer("h", n)]
    success = sin((2 * iterations + 1) * asin(2 ** (-n / 2))) ** 2
    exact = dict.fromkeys(range(2**n), float((1 - success) / (2**n - 1)))
    exact[sum(bit << q for q, bit in enumerate(marked))] = success
    return judged_by_outcomes(Job(2 * n - 3, tuple(steps), "counts", shots=shots), 1, "two amplitudes", exact)


def _flip_sign(n: int, zeros: list[int]) -> Iterator[Step]:
    """The sign of the one string of n bits whose zeros are at `zeros`; Toffolis gather the controls, two into a helper."""
    target, helpers = n - 1, range(n, 2 * n - 3)
    gathered = 0
    ladder: list[tuple[int, int, int]] = []
    for control, helper in zip(range(1, n - 2), helpers, strict=True):
        ladder.append((gathered, control, helper))
        gathered = helper
    yield from (gate("x", q) for q in zeros)
    yield from (step for rung in ladder for step in toffoli(*rung))
    yield gate("h", target)
    yield from toffoli(gathered, n - 2, target)
    yield gate("h", target)
    yield from (step for rung in reversed(ladder) for step in toffoli(*rung))
    yield from (gate("x", q) for q in zeros)
