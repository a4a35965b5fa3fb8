"""Hardware-efficient circuit of any depth: shallow ones are easy for matrix product states, deep ones are not."""

import numpy as np

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import gate, judged_densely, layer, require, witness


def hea_depth(*, n: int = 16, depth: int = 4, seed: int = 0) -> Workload:
    """Hardware-efficient circuit: layers of RY and RZ by random angles, and CX on even, then odd pairs of a chain; one witness.

    Entanglement across a cut grows by a bit every layer until n/2. Dense reference up to 20 qubits, beyond it unverified.
    UsageError: n outside 2..100, depth outside 1..1000.
    """
    require("hea_depth", n=(n, 2, 100), depth=(depth, 1, 1000))
    rng = np.random.default_rng([seed, n, depth])
    return judged_densely(Job(n, tuple(chain_layers(n, depth, rng)), "expectations", (witness(n, rng),)), 1)


def chain_layers(n: int, depth: int, rng: np.random.Generator) -> list[Step]:
    """Rotations, then CX on all pairs of neighbours; rotations once more at the end."""
    steps: list[Step] = []
    for d in range(depth + 1):
        steps += [*layer("ry", n, rng.uniform(-np.pi, np.pi, n)), *layer("rz", n, rng.uniform(-np.pi, np.pi, n))]
        if d < depth:
            steps += [gate("cx", q, q + 1) for parity in (0, 1) for q in range(parity, n - 1, 2)]
    return [*steps, *layer("ry", n, rng.uniform(-np.pi, np.pi, n))]
