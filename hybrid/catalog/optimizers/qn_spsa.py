"""QN-SPSA: quantum natural SPSA."""

import numpy as np

from hybrid.base.types import Optimization, Overlaps, Point, Values
from hybrid.catalog.optimizers._stopping import Plateau

SOLVES = ("circuit", "noisy_circuit")
ASKS = ("overlaps",)


def qn_spsa(
    x: Point,
    rng: np.random.Generator,
    *,
    a: float | None = None,
    first_step: float = 0.1,
    c: float = 0.1,
    A: float = 10.0,
    alpha: float = 0.602,
    gamma: float = 0.101,
    metric_step: float = 0.3,
    regularization: float = 0.01,
    window: int = 0,
) -> Optimization:
    """Quantum natural SPSA: two evaluations and four overlaps per step in any dimension (Gacon et al., Quantum 5, 567, 2021).

    Tolerates noise. Gains and differences as in `spsa`: without `a` a parameter first moves by `first_step`, root mean square.
    The metric is averaged over the steps, starting from that of independent rotations, 1/4; `metric_step` is the width of
    its differences. Converges as `spsa`, only with a `window`.
    """
    metric, squares, plateau = np.eye(x.size) / 4, 0.0, Plateau(window)
    k = 0
    while True:
        width = c / (k + 1) ** gamma
        delta, one, two = rng.choice([-1.0, 1.0], (3, x.size))
        losses = yield Values(x, np.stack([x + width * delta, x - width * delta]), iteration=k)
        plus, minus = losses
        if plateau.reached((plus + minus) / 2, float(np.hypot(*losses.stderr)) / 2):
            return x
        h1, h2 = metric_step * one, metric_step * two
        pairs = np.stack([[x, x + h1 + h2], [x, x + h1], [x, x - h1 + h2], [x, x - h1]])
        fidelities = (yield Overlaps(x, pairs, iteration=k)).values
        difference = fidelities @ [1, -1, -1, 1]  # Gacon 2021, eq. 15
        sample = -difference / (4 * metric_step**2) * (np.outer(one, two) + np.outer(two, one)) / 2  # eq. 14, -1/2 Hessian
        metric = ((k + 1) * metric + sample) / (k + 2)  # eq. 16
        slope = (plus - minus) / (2 * width) * delta
        step = np.linalg.solve(positive(metric) + regularization * np.eye(x.size), slope)
        squares += float(step @ step) / max(1, x.size)
        typical = np.sqrt(squares / (k + 1)) or 1.0
        scale = first_step * (1 + A) ** alpha / typical if a is None else a
        x = x - scale / (k + 1 + A) ** alpha * step
        k += 1


def positive(metric: np.ndarray) -> np.ndarray:
    """sqrt(metric^2): the same eigenvectors, the eigenvalues' absolute values (Gacon 2021, below eq. 17)."""
    values, vectors = np.linalg.eigh(metric)
    return (vectors * np.abs(values)) @ vectors.T
