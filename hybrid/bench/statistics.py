"""When a benchmark may say "faster": statistics in NumPy, one time per process.

On 96 identical runs of one program, tests that pool the samples of a process report a significant difference three times in
four; the rank test on one time per process does not. A verdict needs an exact Mann-Whitney p below 0.01 after Holm's
correction over the cells, and a change above 5 % and above that between identical runs on this machine (its A/A floor).
"""

from collections.abc import Sequence
from functools import lru_cache
from math import comb
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

ALPHA = 0.01
LEAST_CHANGE = 0.05
CONFIDENCE = 0.95
FLOOR_QUANTILE = 0.99
Word = Literal["faster", "slower", "same", "too few"]


class Comparison(NamedTuple):
    """New against base: `ratio` of times (above 1 is slower) with its 95 % interval, p alone and after Holm, and the word."""

    ratio: float
    low: float
    high: float
    p: float
    p_holm: float
    word: Word


def compare(
    pairs: Sequence[tuple[Sequence[float], Sequence[float]]], floor: float = LEAST_CHANGE, parts: Sequence[float] = ()
) -> list[Comparison]:
    """The verdict on every cell of a comparison: `pairs` of (base, new) seconds, one time per process.

    `floor` is the machine's A/A floor as a fraction; `parts` of ALPHA may be spent on each pair, by default all (see
    `hybrid.bench.looks`). "too few": no outcome of so few processes could reach a verdict.
    """
    alone = [mann_whitney(base, new) for base, new in pairs]
    parts = parts or [1.0] * len(pairs)
    spent = [min(1.0, p / part) if part else 1.0 for p, part in zip(alone, parts, strict=True)]
    change = max(LEAST_CHANGE, floor)
    comparisons = []
    for (base, new), part, p, corrected in zip(pairs, parts, alone, holm(spent), strict=True):
        ratio, low, high = hodges_lehmann(base, new)
        possible = smallest_p(len(base), len(new)) * len(pairs) < ALPHA * part
        comparisons.append(
            Comparison(ratio, low, high, p, corrected, _word(ratio, corrected, change) if possible else "too few")
        )
    return comparisons


def _word(ratio: float, p: float, change: float) -> Word:
    if p >= ALPHA or 1 / (1 + change) <= ratio <= 1 + change:
        return "same"
    return "slower" if ratio > 1 else "faster"


def smallest_p(n: int, m: int) -> float:
    """The least two-sided p that n values against m can have: complete separation."""
    return min(1.0, 2 / comb(n + m, n))


def mann_whitney(a: Sequence[float], b: Sequence[float]) -> float:
    """Exact two-sided p of the rank-sum test, ties at their mid-ranks (Mann and Whitney, Ann. Math. Stat. 18, 50, 1947)."""
    if not len(a) or not len(b):
        return 1.0
    twice = _twice_midranks(np.concatenate([np.asarray(a, float), np.asarray(b, float)]))
    weights = _rank_sums(tuple(sorted(twice.tolist())), len(a))
    mean = len(a) * twice.sum() / len(twice)  # of twice the rank sum, under the null hypothesis
    distance = np.abs(np.arange(len(weights)) - mean)
    extreme = distance >= abs(twice[: len(a)].sum() - mean) - 1e-9
    return min(1.0, float(weights[extreme].sum() / weights.sum()))


def _twice_midranks(values: Float[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """Twice the mid-ranks, so that they are whole: values below, plus values not above, plus 1."""
    ordered = np.sort(values)
    return np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") + 1


@lru_cache(maxsize=256)
def _rank_sums(twice: tuple[int, ...], size: int) -> Float[np.ndarray, " sums"]:
    """In how many subsets of `size` ranks sum to s (twice), for every s; ranks, ascending, are taken in one after the
    other."""
    ways = np.zeros((size + 1, sum(twice) + 1))
    ways[0, 0] = 1
    for rank in twice:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank].copy()
    return ways[size]


def holm(ps: Sequence[float]) -> list[float]:
    """p-values corrected for multiple comparisons (Holm, Scand. J. Stat. 6, 65, 1979)."""
    order = np.argsort(ps, kind="stable")
    stepped = np.maximum.accumulate([(len(ps) - i) * ps[k] for i, k in enumerate(order)]) if len(ps) else np.zeros(0)
    corrected = np.empty(len(ps))
    corrected[order] = np.minimum(1.0, stepped)
    return corrected.tolist()


def hodges_lehmann(base: Sequence[float], new: Sequence[float]) -> tuple[float, float, float]:
    """The ratio new / base and its 95 % interval (Hodges and Lehmann, Ann. Math. Stat. 34, 598, 1963), on logarithms.

    The median of all pairwise ratios; the interval lies between the pairwise ratios that the exact rank test does not reject,
    and is 0 to infinity where there are too few processes for one.
    """
    ratios = np.sort(np.subtract.outer(np.log(new), np.log(base)).ravel())
    cut = _rejected(len(base), len(new))
    low, high = (ratios[cut - 1], ratios[-cut]) if cut else (-np.inf, np.inf)
    return float(np.exp(np.median(ratios))), float(np.exp(low)), float(np.exp(high))


@lru_cache(maxsize=256)
def _rejected(n: int, m: int) -> int:
    """The largest c with P(U <= c - 1) <= 2.5 %: the c-th smallest and c-th largest ratio bound the interval."""
    weights = _rank_sums(tuple(range(1, n + m + 1)), n)[n * (n + 1) // 2 :]
    return int(np.searchsorted(np.cumsum(weights) / weights.sum(), (1 - CONFIDENCE) / 2, "right"))


def aa_floor(identical: Sequence[Sequence[float]], rng: np.random.Generator, splits: int = 2000) -> float:
    """The change, as a fraction, that halves of identical processes stay below in 99 % of random splits, at the worst cell."""
    worst = 0.0
    for seconds in identical:
        logs, half = np.log(seconds), len(seconds) // 2
        order = np.argsort(rng.random((splits, len(logs))), axis=1)
        base, new = logs[order[:, :half]], logs[order[:, half : 2 * half]]
        shifts = np.median((new[:, :, None] - base[:, None, :]).reshape(splits, -1), axis=1)
        worst = max(worst, float(np.quantile(np.abs(shifts), FLOOR_QUANTILE)))
    return float(np.expm1(worst))


def geometric_mean(ratios: Sequence[float]) -> float:
    """The geometric mean: of inverse ratios it is the inverse."""
    return float(np.exp(np.mean(np.log(ratios))))
