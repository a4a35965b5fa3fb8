"""Mirror circuit: a random circuit and its inverse, so that the final product state is known at any width."""

from typing import Literal

import numpy as np
from jaxtyping import Float

from hybrid.base.errors import UsageError
from hybrid.bench.job import Job, Workload
from hybrid.bench.workloads._shared import SHOTS, Terms, asked, judged_by_outcomes, judged_by_values, layer, letters, require
from hybrid.bench.workloads.su4_brick import brick

MOST_COUNTED = 20
UNSEEN = {"expectations": ["exchanged control"], "counts": ["exchanged control"]}
"""Of the mistakes that the tests plant: wrong gates whose inverse is wrong in the same way cancel."""


def mirror(
    *,
    n: int = 12,
    depth: int = 6,
    task: Literal["expectations", "counts"] = "expectations",
    shots: int = 4096,
    seed: int = 0,
) -> Workload:
    """Mirror circuit: bricks of SU(4) and their inverse, on a product of unequal states (arXiv:2008.11294).

    From |0...0> also reversed angles or qubits would pass; from unequal states they do not. What truncation removes in the
    middle does not come back. A simulator that cancels neighbouring gates has nothing to compute. UsageError: n outside
    2..1000, and 20 for counts, depth outside 1..1000, shots outside 100..10^7.
    """
    require("mirror", n=(n, 2, 1000), depth=(depth, 1, 1000), shots=(shots, *SHOTS))
    if task == "counts" and n > MOST_COUNTED:
        raise UsageError(f"workload 'mirror': counts are judged up to {MOST_COUNTED} qubits, not {n}; take task=expectations.")
    rng = np.random.default_rng([seed, n, depth])
    tilt, turn = rng.uniform(0.4, 1.2, n), rng.uniform(0.4, 1.2, n)
    start = [*layer("h", n), *layer("ry", n, tilt), *layer("rx", n, turn)]
    pairs = [(q, q + 1) for d in range(depth) for q in range(d % 2 if n > 2 else 0, n - 1, 2)]
    there = [step for pair in pairs for step in brick(*pair, rng)]
    back = [step._replace(angle=-step.angle) for step in reversed(there)]
    spins = np.stack([np.cos(tilt), np.sin(tilt) * np.sin(turn), -np.sin(tilt) * np.cos(turn)])
    observables = _observables(spins, rng)
    job = Job(n, (*start, *there, *back), **asked(task, observables, shots))
    if task == "counts":
        return judged_by_outcomes(job, 1, "a product", _product(spins[2]))
    values = np.array([[sum(w * _mean(pauli, spins) for pauli, w in terms) for terms in observables]])
    return judged_by_values(job, 1, "a product", lambda: values)


def _observables(spins: Float[np.ndarray, "3 n"], rng: np.random.Generator) -> tuple[Terms, ...]:
    """Every qubit's X, Y and Z with unequal weights; and the string of every qubit's longest component."""
    n = spins.shape[1]
    weights = rng.uniform(0.5, 1.5, (n, 3))
    local = tuple((letters(n, {q: letter}), float(weights[q, k])) for q in range(n) for k, letter in enumerate("XYZ"))
    longest = "".join("XYZ"[k] for k in np.argmax(np.abs(spins), axis=0)[::-1])
    return local, ((longest, 1.0),)


def _mean(pauli: str, spins: Float[np.ndarray, "3 n"]) -> float:
    """<P> of the product: the product of its letters' means."""
    return float(np.prod([spins["XYZ".index(letter), q] for q, letter in enumerate(reversed(pauli)) if letter != "I"]))


def _product(z: Float[np.ndarray, " n"]) -> Float[np.ndarray, " d"]:
    """Probability of every outcome, qubit 0 the lowest bit."""
    chances = np.ones(1)
    for mean in z:
        chances = np.kron([(1 + mean) / 2, (1 - mean) / 2], chances)
    return chances
