"""GHZ state: easy for stabilizers, matrix product states and decision diagrams at any width."""

from typing import Literal

import numpy as np

from hybrid.bench.job import Job, Workload
from hybrid.bench.workloads._shared import SHOTS, gate, judged_by_outcomes, require
from hybrid.bench.workloads._stabilizer import judged_by_generators

UNSEEN = {"counts": ["negated angles"]}
"""Of the mistakes that the tests plant: outcomes do not depend on the phase."""


def ghz(*, n: int = 12, task: Literal["expectations", "counts"] = "expectations", shots: int = 4096, seed: int = 0) -> Workload:
    """GHZ state (|b> + i |not b>)/sqrt 2 with a random b, by a chain of CX; checked by stabilizers, or by its two outcomes.

    The usual state is symmetric and has no phase; b and i make reversed qubits and exchanged S and S^dagger visible (the
    latter not in counts, which do not depend on the phase). UsageError: n outside 2..1000, shots outside 100..10^7.
    """
    require("ghz", n=(n, 2, 1000), shots=(shots, *SHOTS))
    rng = np.random.default_rng([seed, n])
    bits = rng.random(n) < 0.5
    bits[0], bits[-1] = False, True
    steps = (
        gate("h", 0),
        gate("s", 0),
        *(gate("cx", q, q + 1) for q in range(n - 1)),
        *(gate("x", q) for q in np.flatnonzero(bits).tolist()),
    )
    if task == "expectations":
        return judged_by_generators(n, steps, rng, version=1)
    b = sum(1 << q for q in np.flatnonzero(bits).tolist())
    job = Job(n, steps, "counts", shots=shots)
    return judged_by_outcomes(job, 1, "the two outcomes", {b: 0.5, b ^ ((1 << n) - 1): 0.5})
