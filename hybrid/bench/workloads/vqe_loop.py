"""The task of a variational loop: one observable at many points, or its gradient."""

from typing import Literal

import numpy as np

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import asked, gate, judged_densely, require, witness


def vqe_loop(
    *, n: int = 8, reps: int = 3, points: int = 50, task: Literal["expectations", "gradient"] = "expectations", seed: int = 0
) -> Workload:
    """Energies or a gradient of the hardware-efficient ansatz, RY and RZ between chains of CX (arXiv:1704.05018).

    At random points. The observable has fields in x, y and z and couplings of neighbours, all different. Dense reference up to
    20 qubits, the gradient by the adjoint method. UsageError: n outside 2..40, reps outside 1..1000, points outside 1..100000.
    """
    require("vqe_loop", n=(n, 2, 40), reps=(reps, 1, 1000), points=(points, 1, 100_000))
    rng = np.random.default_rng([seed, n, reps])
    steps: list[Step] = []
    for layer in range(reps + 1):
        first = 2 * n * layer
        steps += [Step("ry", (q,), parameter=first + q) for q in range(n)]
        steps += [Step("rz", (q,), parameter=first + n + q) for q in range(n)]
        steps += [gate("cx", q, q + 1) for q in range(n - 1)] if layer < reps else []
    observable = witness(n, rng)
    at = rng.uniform(-np.pi, np.pi, (1 if task == "gradient" else points, 2 * n * (reps + 1)))
    job = Job(n, tuple(steps), points=tuple(map(tuple, at.tolist())), **asked(task, (observable,), 0))
    return judged_densely(job, 1)
