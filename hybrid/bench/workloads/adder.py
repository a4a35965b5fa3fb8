"""A ripple-carry adder: wide, deep and nearly classical, easy for decision diagrams and matrix product states."""

import numpy as np

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import SHOTS, gate, judged_by_outcomes, require, toffoli


def adder(*, bits: int = 4, spread: int = 3, shots: int = 4096, seed: int = 0) -> Workload:
    """Ripple-carry adder: b becomes a + b on 2 bits + 2 qubits (Cuccaro et al., arXiv:quant-ph/0410184).

    Qubit 0 holds the carry in, then b and a bit by bit in turns, then the carry out. `spread` bits of a are superposed by
    unequal angles: the outcomes are a product over a, each with its own sum. UsageError: bits outside 1..200, spread outside
    0..10 or above bits, shots outside 100..10^7.
    """
    require("adder", bits=(bits, 1, 200), spread=(spread, 0, min(bits, 10)), shots=(shots, *SHOTS))
    rng = np.random.default_rng([seed, bits, spread])
    a, b = ((rng.random(bits) < 0.5).astype(int).tolist() for _ in range(2))
    superposed = rng.choice(bits, spread, replace=False).tolist()
    angles = {q: float(rng.uniform(0.2, 1.0) * rng.choice([-1, 1])) for q in superposed}
    steps = [gate("x", 1 + 2 * i) for i in range(bits) if b[i]]
    steps += [gate("x", 2 + 2 * i) for i in range(bits) if a[i] and i not in angles]
    for i, angle in angles.items():
        steps += [gate("ry", 2 + 2 * i, angle=angle), gate("h", 2 + 2 * i)]
    steps += _sum(bits)
    exact: dict[int, float] = {}
    fixed = sum(a[i] << i for i in range(bits) if i not in angles)
    for choice in range(2**spread):
        ones = {i: choice >> k & 1 for k, i in enumerate(angles)}
        chance = np.prod([(1 + (-1) ** ones[i] * np.sin(angle)) / 2 for i, angle in angles.items()])
        exact[_outcome(fixed + sum(one << i for i, one in ones.items()), b, bits)] = float(chance)
    return judged_by_outcomes(Job(2 * bits + 2, tuple(steps), "counts", shots=shots), 1, "sums", exact)


def _sum(bits: int) -> list[Step]:
    """Majorities up the carry chain, the last carry out, and the way back that leaves the sums."""
    steps: list[Step] = []
    for i in range(bits):
        carry, b, a = 2 * i, 2 * i + 1, 2 * i + 2
        steps += [gate("cx", a, b), gate("cx", a, carry), *toffoli(carry, b, a)]
    steps.append(gate("cx", 2 * bits, 2 * bits + 1))
    for i in reversed(range(bits)):
        carry, b, a = 2 * i, 2 * i + 1, 2 * i + 2
        steps += [*toffoli(carry, b, a), gate("cx", a, carry), gate("cx", carry, b)]
    return steps


def _outcome(a: int, b: list[int], bits: int) -> int:
    """The qubits after the sum."""
    total = a + sum(bit << i for i, bit in enumerate(b))
    placed = sum((a >> i & 1) << (2 * i + 2) | (total >> i & 1) << (2 * i + 1) for i in range(bits))
    return placed | (total >> bits) << (2 * bits + 1)
