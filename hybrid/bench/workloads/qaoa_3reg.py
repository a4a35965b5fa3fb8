"""QAOA for a weighted maximum cut on a random cubic graph, at many parameter points."""

import numpy as np

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import check_even, cubic_graph, gate, judged_densely, layer, letters, require, witness


def qaoa_3reg(*, n: int = 14, p: int = 3, points: int = 10, seed: int = 0) -> Workload:
    """QAOA of a random cubic graph: p layers exp(-i gamma C), exp(-i beta X); <C>, C = sum w Z Z, and a witness.

    The weights w are unequal. <C> is the same at (gamma, beta) and (-gamma, -beta); the witness is not. Dense reference up to
    20 qubits, beyond it unverified. UsageError: n odd or outside 4..40, p outside 1..100, points outside 1..100000.
    """
    require("qaoa_3reg", n=(n, 4, 40))
    check_even("qaoa_3reg", n)
    require("qaoa_3reg", p=(p, 1, 100), points=(points, 1, 100_000))
    rng = np.random.default_rng([seed, n, p])
    weights = {edge: float(rng.uniform(0.5, 1.5)) for edge in cubic_graph(n, rng)}
    steps: list[Step] = [*layer("h", n)]
    for k in range(p):
        for (a, b), weight in weights.items():
            steps += [gate("cx", a, b), Step("rz", (b,), parameter=k, scale=2 * weight), gate("cx", a, b)]
        steps += [Step("rx", (q,), parameter=p + k, scale=2.0) for q in range(n)]
    cost = tuple((letters(n, {a: "Z", b: "Z"}), weight) for (a, b), weight in weights.items())
    at = tuple(map(tuple, rng.uniform(-1, 1, (points, 2 * p)).tolist()))
    return judged_densely(Job(n, tuple(steps), "expectations", (cost, witness(n, rng)), at), 1)
