"""Repeated teleportation: mid-circuit measurement and feed-forward."""

import numpy as np

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads import _dense
from hybrid.bench.workloads._shared import SHOTS, gate, judged_by_outcomes, require


def dynamic(*, hops: int = 4, clifford: bool = False, shots: int = 4096, seed: int = 0) -> Workload:
    """Teleportation of one qubit's state `hops` times along 2 hops + 1 qubits (Bennett et al., PRL 70, 1895, 1993).

    It is turned before and after every hop, so that X and Z corrections show in one qubit's distribution, known at any width;
    measured qubits end in fixed bits. With `clifford` every turn is H and the outcome is certain, so that stabilizer
    simulators can run it. UsageError: hops outside 1..100, shots outside 100..10^7.
    """
    require("dynamic", hops=(hops, 1, 100), shots=(shots, *SHOTS))
    rng = np.random.default_rng([seed, hops])
    last = 2 * hops
    bits = rng.random(last + 1) < 0.5
    bits[0], bits[-1] = True, False
    steps: list[Step] = []
    carried = np.array([1, 0], dtype=complex)
    for stop in range(0, last + 1, 2):
        turns = _turns(stop, rng, clifford, done=stop == last and hops % 2 == 0)
        steps += turns
        for turn in turns:
            carried = _dense.matrix(turn, ()) @ carried
        if stop < last:
            steps += _hop(stop)
    steps += [gate("x", q) for q in np.flatnonzero(bits).tolist()]
    outcome = sum(1 << q for q in np.flatnonzero(bits).tolist())
    zero, one = (np.abs(carried) ** 2).tolist()
    return judged_by_outcomes(
        Job(last + 1, tuple(steps), "counts", shots=shots), 1, "one qubit", {outcome: zero, outcome ^ 1 << last: one}
    )


def _turns(qubit: int, rng: np.random.Generator, clifford: bool, done: bool) -> list[Step]:
    """By unequal angles about y, z and x; or H, an even number of them in all."""
    if clifford:
        return [] if done else [gate("h", qubit)]
    return [gate(name, qubit, angle=float(rng.uniform(0.4, 1.2))) for name in ("ry", "rz", "rx")]


def _hop(source: int) -> list[Step]:
    """From `source` to `source + 2` by a Bell pair; the two qubits that are read end in 0."""
    middle, target = source + 1, source + 2
    return [
        *(gate("h", middle), gate("cx", middle, target)),
        *(gate("cx", source, middle), gate("h", source)),
        *(gate("measure", source), gate("measure", middle)),
        *(Step("x", (target,), condition=middle), Step("z", (target,), condition=source)),
        *(Step("x", (source,), condition=source), Step("x", (middle,), condition=middle)),
    ]
