"""Pauli strings through Clifford circuits: the stabilizer reference, exact at any width."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import Terms, judged_by_values


class _Strings(NamedTuple):
    """s Hermitian Pauli strings: X bits and Z bits (n, s), qubit first, Y having both; `minus` (s,) their signs."""

    x: Bool[np.ndarray, "n s"]
    z: Bool[np.ndarray, "n s"]
    minus: Bool[np.ndarray, " s"]


def forward(steps: Sequence[Step], strings: _Strings) -> _Strings:
    """U P U^dagger gate by gate (Aaronson and Gottesman, Phys. Rev. A 70, 052328, 2004, section III)."""
    x, z, minus = (array.copy() for array in strings)
    for name, qubits, *_ in steps:
        q = qubits[0]
        if name == "h":
            minus ^= x[q] & z[q]
            x[q], z[q] = z[q].copy(), x[q].copy()
        elif name in ("s", "sdg"):
            minus ^= x[q] & (z[q] if name == "s" else ~z[q])
            z[q] ^= x[q]
        elif name == "x":
            minus ^= z[q]
        elif name == "y":
            minus ^= x[q] ^ z[q]
        elif name == "z":
            minus ^= x[q]
        elif name == "cx":
            t = qubits[1]
            minus ^= x[q] & z[t] & ~(x[t] ^ z[q])
            x[t] ^= x[q]
            z[q] ^= z[t]
        elif name == "cz":
            t = qubits[1]
            minus ^= x[q] & x[t] & (z[q] ^ z[t])
            z[q] ^= x[t]
            z[t] ^= x[q]
        else:
            raise ValueError(f"{name} is not a Clifford gate")
    return _Strings(x, z, minus)


def judged_by_generators(
    n: int, steps: tuple[Step, ...], rng: np.random.Generator, *, version: int, witnesses: int = 8
) -> Workload:
    """Products of the state's stabilizer generators U Z_q U^dagger, +1 or -1; every second is changed to be 0.

    So neither an answer of zeros nor one of ones passes.
    """
    subsets = rng.random((n, 2 * witnesses)) < 0.5
    subsets[np.arange(2 * witnesses) % n, np.arange(2 * witnesses)] = True
    nothing = np.zeros_like(subsets)
    products = forward(steps, _Strings(nothing, subsets, nothing[0]))
    exact = 1.0 - 2.0 * products.minus
    generators = forward(steps, _Strings(np.zeros((n, n), bool), np.eye(n, dtype=bool), np.zeros(n, bool)))
    observables: list[Terms] = []
    for s in range(2 * witnesses):
        x, z = products.x[:, s].copy(), products.z[:, s].copy()
        if s % 2:
            _make_zero(x, z, generators, rng)
            exact[s] = 0.0
        observables.append(((_letters(x, z), 1.0),))
    job = Job(n, steps, "expectations", tuple(observables))
    return judged_by_values(job, version, "stabilizer generators", lambda: exact[None])


def _make_zero(x: Bool[np.ndarray, " n"], z: Bool[np.ndarray, " n"], generators: _Strings, rng: np.random.Generator) -> None:
    """Change one letter so that the string anticommutes with a generator: its value is then exactly 0."""
    for q in rng.permutation(len(x)):
        for flip_x, flip_z in ((True, False), (False, True)):
            x[q] ^= flip_x
            z[q] ^= flip_z
            crossed = (generators.z.T & x) ^ (generators.x.T & z)
            if np.any(crossed.sum(axis=1) % 2):
                return
            x[q] ^= flip_x
            z[q] ^= flip_z


def _letters(x: Bool[np.ndarray, " n"], z: Bool[np.ndarray, " n"]) -> str:
    """The string, qubit 0 rightmost."""
    return "".join("IXZY"[bit_x + 2 * bit_z] for bit_x, bit_z in zip(x[::-1].tolist(), z[::-1].tolist(), strict=True))
