"""Rotosolve: exact minimisation along one angle after the other."""

import numpy as np

from hybrid.base.types import Optimization, Point, Values

SOLVES = ("sinusoids", "circuit")


def rotosolve(
    x: Point,
    rng: np.random.Generator,
    *,
    ftol: float = 1e-8,
) -> Optimization:
    """Exact minimum along one angle after the other (Ostaszewski et al., Quantum 5, 391, 2021).

    Also Nakanishi et al., Phys. Rev. Research 2, 043158 (2020).
    Valid only where each parameter enters one rotation exp(-i t P/2) of a Pauli string P with coefficient +1 or -1: the
    loss is then a sinusoid of period 2 pi in it, fixed by three values. An iteration is one sweep over the parameters.
    Converges when two sweeps end within `ftol`, standard error added: noise alone never fulfils this.
    """
    ended = np.inf
    k = 0
    while True:
        lowest, noise = ended, 0.0
        for d in range(x.size):
            quarter = np.zeros_like(x)
            quarter[d] = np.pi / 2
            losses = yield Values(x, np.stack([x, x + quarter, x - quarter]), iteration=k)
            centre, plus, minus = losses
            sine, cosine = 2 * centre - plus - minus, plus - minus  # loss(t) = mean + amplitude sin(t + arctan2(...))
            best = -np.pi / 2 - np.arctan2(sine, cosine)  # Ostaszewski 2021, Algorithm 1
            x = x.copy()
            x[d] = np.remainder(x[d] + best + np.pi, 2 * np.pi) - np.pi
            lowest, noise = (plus + minus - np.hypot(sine, cosine)) / 2, losses.stderr.max()  # mean - amplitude
        if abs(ended - lowest) + noise < ftol or not x.size:
            return x
        ended = lowest
        k += 1
