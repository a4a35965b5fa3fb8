"""How close counts are to the ideal distribution, with standard errors from resampling; and with readout errors inverted.

Fidelities are (sum sqrt(p q))^2 of relative frequencies p and ideal probabilities q.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt64

from hybrid.base.types import Counts
from hybrid.compilation.classical_bits import ClassicalReadout
from hybrid.device.readout import Correction
from hybrid.measure.assignment import mitigated

RESAMPLES, MITIGATED_RESAMPLES = 200, 50
BLIND = 0.99
"""Above this fidelity of the uniform distribution a circuit cannot tell noise from its ideal output."""
MOST_LISTED = 4096
"""Outcomes of an ideal distribution that are listed in full; longer ones are listed, and resampled, less."""
FIDELITIES = (
    *("ideal", "fidelity", "fidelity_stderr", "perfect_fidelity", "uniform_fidelity"),
    *("rescaled_fidelity", "rescaled_fidelity_stderr"),
)
MITIGATED = ("mitigated", "mitigated_fidelity", "mitigated_fidelity_stderr")


def fidelities(
    by_realization: Counts,
    bits: Counts,
    expected: Float[np.ndarray, " u"],
    ideal: Float[np.ndarray, " d"],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Fidelity with its resampled standard error, and the mean fidelities of as many perfect and as many uniform shots."""
    repeats = RESAMPLES if len(ideal) <= MOST_LISTED else RESAMPLES // 10
    shots = int(bits.counts.sum())
    value = _fidelity(bits.counts, expected, shots)
    again = _resampled(by_realization, bits.outcomes, repeats, rng)
    spread = np.std([_fidelity(draw, expected, int(draw.sum())) for draw in again])
    even = np.full(len(ideal), 1 / len(ideal))
    perfect, blank = (
        np.mean([_fidelity(rng.multinomial(shots, p / p.sum()), ideal, shots) for _ in range(repeats)]) for p in (ideal, even)
    )
    uniform = float(np.sqrt(ideal).sum() ** 2 / len(ideal))
    distinct = uniform < BLIND
    return {
        "fidelity": value,
        "fidelity_stderr": float(spread),
        "perfect_fidelity": float(perfect),
        "uniform_fidelity": uniform,
        "rescaled_fidelity": float((value - blank) / (perfect - blank)) if distinct else None,
        "rescaled_fidelity_stderr": float(spread / (perfect - blank)) if distinct else None,
    }


def mitigated_shares(
    by_realization: Counts,
    bits: Counts,
    read: ClassicalReadout,
    ideal: Float[np.ndarray, " d"] | None,
    correction: Correction,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Relative frequencies with readout errors inverted, and their fidelity; its error from resampled counts and rates."""
    shares = np.zeros(2 ** len(read.written))
    total = int(bits.counts.sum())
    shares[bits.outcomes.astype(np.int64)] = bits.counts / total
    corrected = mitigated(shares, correction)
    listed = np.flatnonzero(corrected > 1 / (10 * total))
    listed = listed[np.argsort(-corrected[listed])]
    result: dict[str, Any] = {"mitigated": {read.text(int(outcome)): float(corrected[outcome]) for outcome in listed}}
    if ideal is not None:
        again = []
        for draw in _resampled(by_realization, bits.outcomes, MITIGATED_RESAMPLES, rng):
            shares[bits.outcomes.astype(np.int64)] = draw / draw.sum()
            again.append(mitigated(shares, correction.redrawn(rng)))
        result["mitigated_fidelity"] = float(np.sqrt(corrected * ideal).sum() ** 2)
        result["mitigated_fidelity_stderr"] = float(np.std([np.sqrt(p * ideal).sum() ** 2 for p in again]))
    return result


def _resampled(
    by_realization: Counts, outcomes: UInt64[np.ndarray, " u"], repeats: int, rng: np.random.Generator
) -> Int[np.ndarray, "repeats u"]:
    """Counts drawn again (bootstrap): single shots, or whole realizations where there are several, for their shots are not
    independent."""
    rows, row = np.unique(by_realization.realizations, return_inverse=True)
    counts = np.zeros((len(rows), len(outcomes)), dtype=np.int64)
    counts[row, np.searchsorted(outcomes, by_realization.outcomes)] = by_realization.counts
    if len(rows) == 1:
        return rng.multinomial(counts.sum(), counts[0] / counts.sum(), repeats)
    return rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), repeats) @ counts


def _fidelity(counts: Int[np.ndarray, " u"], expected: Float[np.ndarray, " u"], shots: int) -> float:
    return float(np.sqrt(counts / shots * expected).sum() ** 2)
