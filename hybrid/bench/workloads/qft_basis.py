"""Quantum Fourier transform of a plane wave: one outcome, known at any width, and little entanglement."""

from collections.abc import Iterator
from math import pi

import numpy as np

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import SHOTS, gate, judged_by_outcomes, require


def qft_basis(*, n: int = 12, shots: int = 1024, seed: int = 0) -> Workload:
    """Fourier transform of the product state sum_k exp(-2 pi i y k / 2^n) |k> to |y> with reversed bits (no swaps).

    The superposition is made by RY, which complex conjugation does not undo. UsageError: n outside 2..100, shots outside
    100..10^7.
    """
    require("qft_basis", n=(n, 2, 100), shots=(shots, *SHOTS))
    rng = np.random.default_rng([seed, n])
    bits = (rng.random(n) < 0.5).astype(int).tolist()
    bits[0], bits[-1] = 1, 0
    y = sum(bit << q for q, bit in enumerate(bits))
    steps = [gate("ry", q, angle=pi / 2) for q in range(n)]
    steps += [gate("rz", q, angle=-2 * pi * ((y << q) % 2**n) / 2**n) for q in range(n)]
    for high in reversed(range(n)):
        steps.append(gate("h", high))
        for low in reversed(range(high)):
            steps += _controlled_phase(low, high, pi / 2 ** (high - low))
    outcome = sum(bit << (n - 1 - q) for q, bit in enumerate(bits))
    return judged_by_outcomes(Job(n, tuple(steps), "counts", shots=shots), 1, "the one outcome", {outcome: 1.0})


def _controlled_phase(a: int, b: int, angle: float) -> Iterator[Step]:
    """diag(1, 1, 1, exp(i angle)), up to a global phase."""
    yield gate("rz", a, angle=angle / 2)
    yield gate("rz", b, angle=angle / 2)
    yield gate("cx", a, b)
    yield gate("rz", b, angle=-angle / 2)
    yield gate("cx", a, b)
