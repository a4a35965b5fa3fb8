"""Nelder-Mead: the downhill simplex method."""

import numpy as np

from hybrid.base.types import Optimization, Point, Values

SOLVES = ("quadratic", "sinusoids", "rosenbrock", "circuit")


def nelder_mead(
    x: Point,
    rng: np.random.Generator,
    *,
    size: float = 0.5,
    adaptive: bool = False,
    xtol: float = 1e-5,
    ftol: float = 1e-8,
) -> Optimization:
    """Downhill simplex (Nelder & Mead, Comput. J. 7, 308, 1965); no gradients, for exact losses and few parameters.

    The steps are those of Lagarias et al. (SIAM J. Optim. 9, 112, 1998, sec. 2.1). `adaptive` coefficients suit more
    parameters (Gao & Han, Comput. Optim. Appl. 51, 259, 2012, sec. 4). Converges when the simplex is within `xtol` and
    its losses, standard error added, within `ftol`: noise alone never fulfils this.
    """
    n = max(x.size, 2) if adaptive else 2  # at n = 2 the adaptive coefficients are the classical 2, 1/2 and 1/2
    expansion, contraction, shrinkage = 1 + 2 / n, 3 / 4 - 1 / (2 * n), 1 - 1 / n
    simplex = np.vstack([x, x + size * np.eye(x.size)])
    answer = yield Values(x, simplex, iteration=0)
    losses, noise = np.array(answer.values), answer.stderr.max()
    k = 0
    while True:
        order = np.argsort(losses, kind="stable")  # step 1: order, best first
        simplex, losses = simplex[order], losses[order]
        x, worst = simplex[0], simplex[-1]
        if np.all(np.abs(simplex - x) < xtol) and losses[-1] - losses[0] + noise < ftol:
            return x
        centroid = simplex[:-1].mean(axis=0)

        trial = centroid + (centroid - worst)  # step 2: reflect
        answer = yield Values(x, trial[None], iteration=k)
        loss = reflected = answer[0]
        if reflected < losses[0]:  # step 3: expand
            farther = centroid + expansion * (centroid - worst)
            answer = yield Values(x, farther[None], iteration=k)
            if answer[0] < reflected:
                trial, loss = farther, answer[0]
        elif reflected >= losses[-2]:
            outside = reflected < losses[-1]
            trial = centroid + contraction * ((trial if outside else worst) - centroid)  # step 4: contract
            answer = yield Values(x, trial[None], iteration=k)
            loss = answer[0]
            if not (loss <= reflected if outside else loss < losses[-1]):  # step 5: shrink towards the best
                simplex = x + shrinkage * (simplex - x)
                answer = yield Values(x, simplex[1:], iteration=k)
                losses = np.append(losses[0], answer.values)
                trial, loss = simplex[-1], losses[-1]
        simplex[-1], losses[-1] = trial, loss
        noise = max(noise, answer.stderr.max())
        k += 1
