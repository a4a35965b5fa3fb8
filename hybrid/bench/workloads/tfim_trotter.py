"""Quench of the Ising chain: little entanglement at first, so matrix product states win; exact at any width."""

import numpy as np
from jaxtyping import Float

from hybrid.bench.job import Job, Step, Workload
from hybrid.bench.workloads._shared import Terms, gate, judged_by_values, layer, letters, require


def tfim_trotter(*, n: int = 20, steps: int = 10, dt: float = 0.1, seed: int = 0) -> Workload:
    """Trotterised quench of an open Ising chain, H = sum J_q Z_q Z_q+1 + sum h_q X_q, from a random product of |+> and |->.

    Couplings differ from bond to bond, and the observables are the energy, currents and a string over the whole chain:
    a uniform chain's energy hides reversed qubits and negated angles. Checked by free fermions, an orthogonal
    2n x 2n matrix (Terhal and DiVincenzo, Phys. Rev. A 65, 032325, 2002). UsageError: n outside 2..1000, steps outside
    1..10000.
    """
    require("tfim_trotter", n=(n, 2, 1000), steps=(steps, 1, 10_000))
    rng = np.random.default_rng([seed, n])
    coupling, field = rng.uniform(0.5, 1.5, n - 1), rng.uniform(0.5, 1.5, n)
    start = rng.choice([-1, 1], n)
    start[0], start[-1] = -1, 1
    turns_zz, turns_x = 2 * dt * coupling, 2 * dt * field
    bonds = [q for parity in (0, 1) for q in range(parity, n - 1, 2)]
    one_step = (*(step for q in bonds for step in _zz(q, float(turns_zz[q]))), *layer("rx", n, turns_x))
    circuit = (*(gate("x", q) for q in range(n) if start[q] < 0), *layer("h", n), *(one_step * steps))
    forward, backward = rng.uniform(0.5, 1.5, (2, n - 1))
    job = Job(n, circuit, "expectations", _observables(n, coupling, field, forward, backward))

    def values() -> Float[np.ndarray, "1 o"]:
        """Sums over G_ab = <i m_a m_b> of the Majorana operators below."""
        g = _evolved(start, turns_zz, turns_x, steps)
        even, odd = np.arange(0, 2 * n, 2), np.arange(1, 2 * n, 2)
        energy = coupling @ g[odd[:-1], even[1:]] + field @ g[even, odd]
        current = -forward @ g[even[:-1], even[1:]] + backward @ g[odd[:-1], odd[1:]]
        return np.array([[energy, current, -g[0, -1]]])

    return judged_by_values(job, 1, "free fermions", values)


def _zz(q: int, angle: float) -> tuple[Step, Step, Step]:
    """exp(-i angle Z Z / 2)."""
    return gate("cx", q, q + 1), gate("rz", q + 1, angle=angle), gate("cx", q, q + 1)


def _observables(
    n: int, coupling: np.ndarray, field: np.ndarray, forward: np.ndarray, backward: np.ndarray
) -> tuple[Terms, ...]:
    """Energy, currents, and Y X ... X Y over the whole chain."""
    bonds = range(n - 1)
    energy = [(letters(n, {q: "Z", q + 1: "Z"}), float(coupling[q])) for q in bonds]
    energy += [(letters(n, {q: "X"}), float(field[q])) for q in range(n)]
    current = [(letters(n, {q: "Y", q + 1: "Z"}), float(forward[q])) for q in bonds]
    current += [(letters(n, {q: "Z", q + 1: "Y"}), float(backward[q])) for q in bonds]
    return tuple(energy), tuple(current), (("Y" + "X" * (n - 2) + "Y", 1.0),)


def _evolved(start: np.ndarray, turns_zz: np.ndarray, turns_x: np.ndarray, steps: int) -> Float[np.ndarray, "m m"]:
    """G (2n, 2n) after all steps, with m_2q = X_0 ... X_q-1 Z_q and m_2q+1 = X_0 ... X_q-1 Y_q (Jordan and Wigner).

    Then X_q = i m_2q m_2q+1, Z_q Z_q+1 = i m_2q+1 m_2q+2, and exp(-i t i m_a m_b / 2) turns (m_a, m_b) by the angle t.
    """
    n = len(start)
    g = np.zeros((2 * n, 2 * n))
    even, odd = np.arange(0, 2 * n, 2), np.arange(1, 2 * n, 2)
    g[even, odd], g[odd, even] = start, -start
    for _ in range(steps):
        for a, b, turns in ((odd[:-1], even[1:], turns_zz), (even, odd, turns_x)):
            c, s = np.cos(turns)[:, None], np.sin(turns)[:, None]
            g[a], g[b] = c * g[a] + s * g[b], c * g[b] - s * g[a]
            g[:, a], g[:, b] = g[:, a] * c.T + g[:, b] * s.T, g[:, b] * c.T - g[:, a] * s.T
    return g
