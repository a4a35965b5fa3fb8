"""Random Clifford circuit in a brick wall: easy for stabilizer simulators; for others entanglement grows with depth."""

import numpy as np

from hybrid.bench.job import Step, Workload
from hybrid.bench.workloads._shared import gate, require
from hybrid.bench.workloads._stabilizer import judged_by_generators


def clifford_brick(*, n: int = 20, depth: int = 20, seed: int = 0) -> Workload:
    """Random Clifford circuit: layers of H, S, CX and CZ on a chain, checked by its stabilizers.

    The observables are products of stabilizer generators, half of them changed so that they are 0. Random Pauli strings would
    all be 0, as would an answer of zeros. UsageError: n outside 2..1000, depth outside 1..10000.
    """
    require("clifford_brick", n=(n, 2, 1000), depth=(depth, 1, 10_000))
    rng = np.random.default_rng([seed, n, depth])
    return judged_by_generators(n, tuple(clifford_layers(n, depth, rng)), rng, version=1)


def clifford_layers(n: int, depth: int, rng: np.random.Generator) -> list[Step]:
    """Bricks: on every qubit one of six turns of the axes, then a CX either way round or a CZ on each pair."""
    steps: list[Step] = []
    for d in range(depth):
        for q in range(n):
            turns = [(), ("h",), ("s",), ("s", "h"), ("h", "s"), ("h", "s", "h")][rng.integers(6)]
            steps += [gate(name, q) for name in turns]
        for q in range(d % 2 if n > 2 else 0, n - 1, 2):
            a, b = (q, q + 1) if rng.random() < 0.5 else (q + 1, q)
            steps.append(gate("cx" if rng.random() < 0.7 else "cz", a, b))
    return steps
