"""Hardware-efficient circuit with depolarising noise: density matrices against trajectories, equally fast near 10 qubits."""

from typing import Literal

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import SHOTS, asked, gate, judged_densely, require, witness
from hybrid.bench.workloads.hea_depth import chain_layers

UNSEEN = {"counts": ["noise wrong by 1 %"]}
"""Task -> mistakes that its check cannot see: shot noise hides them."""


def noisy_hea(
    *,
    n: int = 8,
    depth: int = 4,
    p: float = 0.02,
    task: Literal["expectations", "counts"] = "counts",
    shots: int = 4096,
    seed: int = 0,
) -> Workload:
    """Noisy `hea_depth`: every gate is followed by depolarising noise, p on two qubits and p/10 on one.

    Counts suit both representations alike: each shot of a trajectory is drawn from the same distribution. Dense density matrix
    as reference up to 12 qubits, trajectories up to 14, beyond them unverified. UsageError: n outside 2..30, depth outside
    1..100, p outside 0..1, shots outside 100..10^7.
    """
    require("noisy_hea", n=(n, 2, 30), depth=(depth, 1, 100), shots=(shots, *SHOTS))
    if not 0 <= p <= 1:
        raise UsageError(f"workload 'noisy_hea': p is a probability, not {p}.")
    rng = np.random.default_rng([seed, n, depth])
    steps: list[Step] = []
    for step in chain_layers(n, depth, rng):
        steps += [step, gate("depolarize", *step.qubits, angle=p if len(step.qubits) == 2 else p / 10)]
    return judged_densely(Job(n, tuple(steps), **asked(task, (witness(n, rng),), shots)), 1)
