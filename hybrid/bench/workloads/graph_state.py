"""Graph state of a random cubic graph: shallow and Clifford, but not on a chain."""

import numpy as np

from hybrid.bench.job import Workload
from hybrid.bench.workloads._shared import check_even, cubic_graph, gate, layer, require
from hybrid.bench.workloads._stabilizer import judged_by_generators


def graph_state(*, n: int = 20, seed: int = 0) -> Workload:
    """Graph state of a random cubic graph: H on every qubit, CZ on every edge, S on some (arXiv:quant-ph/0602096).

    Edges across the chain are hard for matrix product states, not for stabilizers. S brings Y into the generators.
    UsageError: n odd or outside 4..1000.
    """
    require("graph_state", n=(n, 4, 1000))
    check_even("graph_state", n)
    rng = np.random.default_rng([seed, n])
    edges = cubic_graph(n, rng)
    phases = [gate("s", q) for q in range(n) if q % 3 == 0 or rng.random() < 0.5]
    steps = (*layer("h", n), *(gate("cz", *edge) for edge in edges), *phases)
    return judged_by_generators(n, steps, rng, version=1)
