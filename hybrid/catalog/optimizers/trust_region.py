"""COBYLA without constraints: linear models in a trust region."""

import numpy as np

from hybrid.base.types import Optimization, Point, Values

SOLVES = ("quadratic", "sinusoids", "circuit")
LONGEST, FLATTEST = 2.1, 0.25
"""Edges and altitudes of an acceptable simplex, in units of the radius (Powell 1994, eq. 14)."""


def trust_region(
    x: Point,
    rng: np.random.Generator,
    *,
    radius: float = 0.5,
    xtol: float = 1e-6,
    ftol: float = 1e-8,
) -> Optimization:
    """Linear models in a trust region, as COBYLA without constraints (Powell, in Adv. Optim. Numer. Anal., 51, 1994).

    No gradients, exact losses; one evaluation per iteration. After a step that did not help, a degenerate simplex is improved
    before the radius is halved. Ends when the radius, from `radius` on, is below `xtol`: converged where the simplex's losses,
    standard error added, are within `ftol`, which noise alone never fulfils; else it starts again from there.
    """
    k, noise = 0, np.inf
    while x.size:
        size, poor = radius, False
        points = np.vstack([x, x + size * np.eye(x.size)])
        answer = yield Values(x, points.copy(), iteration=k)
        losses, noise = np.array(answer.values), answer.stderr.max()
        while size >= xtol:
            best = int(np.argmin(losses))
            x, others = points[best].copy(), np.delete(np.arange(len(points)), best)
            edges = points[others] - x
            inverse = np.linalg.inv(edges)
            slope = inverse @ (losses[others] - losses[best])  # of the linear model, eq. 2
            lengths, altitudes = np.linalg.norm(edges, axis=1), 1 / np.linalg.norm(inverse, axis=0)
            acceptable = lengths.max() <= LONGEST * size and altitudes.min() >= FLATTEST * size
            steep = float(np.linalg.norm(slope))
            if poor and acceptable or not steep:
                size, poor = size / 2, False
                continue
            if poor:
                out = int(np.argmax(lengths) if lengths.max() > LONGEST * size else np.argmin(altitudes))
                normal = inverse[:, out] * altitudes[out]  # of the opposite face, of length one
                trial = x - np.copysign(size / 2, normal @ slope) * normal  # eq. 16
                improves = True
            else:
                trial = x - size * slope / steep
                volumes = np.abs((trial - x) @ inverse)  # new over old, for every vertex that might go
                out = int(np.argmax(volumes * np.maximum(1.0, lengths / size)))
                improves = volumes[out] > 1
            answer = yield Values(x, trial[None], iteration=k)
            noise = max(noise, answer.stderr.max())
            gained = losses[best] - answer[0]
            if gained > 0 or improves:
                points[others[out]], losses[others[out]] = trial, answer[0]
            poor = not poor and gained < 0.1 * size * steep
            k += 1
        if np.ptp(losses) + noise < ftol:
            return x
        k += 1
    return x
