"""Clifford circuit with a few T gates: the use case of extended stabilizer simulators, whose sampler it tests."""

from typing import Literal

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.bench.job import Job, Workload
from hybrid.bench.workloads._shared import SHOTS, asked, gate, judged_densely, require, witness
from hybrid.bench.workloads.clifford_brick import clifford_layers


def clifford_t(
    *,
    n: int = 8,
    depth: int = 8,
    t: int = 8,
    task: Literal["expectations", "counts"] = "counts",
    shots: int = 4096,
    seed: int = 0,
) -> Workload:
    """Random Clifford bricks with `t` T gates at random places (Bravyi et al., Quantum 3, 181, 2019).

    Dense reference up to 20 qubits, beyond it unverified. UsageError: n outside 2..40, depth outside 1..1000, t outside 0..1000
    or more than there are gates, shots outside 100..10^7.
    """
    require("clifford_t", n=(n, 2, 40), depth=(depth, 1, 1000), t=(t, 0, 1000), shots=(shots, *SHOTS))
    rng = np.random.default_rng([seed, n, depth, t])
    steps = clifford_layers(n, depth, rng)
    if t > len(steps):
        raise UsageError(f"workload 'clifford_t': t={t} is more than the {len(steps)} Clifford gates they go between.")
    for place in sorted(rng.choice(len(steps), t, replace=False).tolist(), reverse=True):
        steps.insert(place + 1, gate("t", steps[place].qubits[-1]))
    return judged_densely(Job(n, tuple(steps), **asked(task, (witness(n, rng),), shots)), 1)
