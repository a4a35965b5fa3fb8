"""Random two-qubit unitaries in a brick wall: only the full state describes the result."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import SHOTS, asked, gate, judged_densely, require, witness


def su4_brick(
    *,
    n: int = 12,
    depth: int = 12,
    task: Literal["expectations", "counts"] = "expectations",
    shots: int = 16384,
    seed: int = 0,
) -> Workload:
    """Random SU(4) gates in a brick wall, like quantum volume without its permutations (arXiv:1811.12926).

    Entanglement grows to its maximum, so truncated matrix product states are wrong. Dense reference up to 20 qubits,
    beyond it unverified. UsageError: n outside 2..40, depth outside 1..1000, shots outside 100..10^7.
    """
    require("su4_brick", n=(n, 2, 40), depth=(depth, 1, 1000), shots=(shots, *SHOTS))
    rng = np.random.default_rng([seed, n, depth])
    pairs = [(q, q + 1) for d in range(depth) for q in range(d % 2 if n > 2 else 0, n - 1, 2)]
    steps = tuple(step for pair in pairs for step in brick(*pair, rng))
    return judged_densely(Job(n, steps, **asked(task, (witness(n, rng),), shots)), 1)


def brick(a: int, b: int, rng: np.random.Generator) -> Iterator[Step]:
    """A generic gate of SU(4): three CX between rotations (Vatan and Williams, Phys. Rev. A 69, 032315, 2004).

    Local turns are uniform on the sphere, the three angles in between uniform: all 15 dimensions, not Haar's measure.
    """
    yield from _turn(a, rng)
    yield from _turn(b, rng)
    middle = rng.uniform(-np.pi, np.pi, 3)
    yield gate("cx", b, a)
    yield gate("rz", a, angle=float(middle[0]))
    yield gate("ry", b, angle=float(middle[1]))
    yield gate("cx", a, b)
    yield gate("ry", b, angle=float(middle[2]))
    yield gate("cx", b, a)
    yield from _turn(a, rng)
    yield from _turn(b, rng)


def _turn(qubit: int, rng: np.random.Generator) -> Iterator[Step]:
    """A uniform rotation by its Euler angles: the polar one has cosine uniform."""
    first, last = rng.uniform(-np.pi, np.pi, 2)
    yield gate("rz", qubit, angle=float(first))
    yield gate("ry", qubit, angle=float(np.arccos(rng.uniform(-1, 1))))
    yield gate("rz", qubit, angle=float(last))
