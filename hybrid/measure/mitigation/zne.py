"""Zero-noise extrapolation: values of circuits made longer on purpose, extrapolated to zero noise."""

from functools import partial
from typing import Literal

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit

from hybrid.base.types import Extrapolation, Mitigation
from hybrid.compilation.folding import fold, scale_factors

LARGEST_GAIN = 4.0
"""The exponential model multiplies or divides a value by at most so much: beyond it what is left of the signal is noise."""
ABOUT = {
    "linear": "a straight line through the values at factors",
    "richardson": "the polynomial through the values at factors",
    "exponential": "an exponential decay through the values at factors",
}

TOO_NARROW = "; its interval is too narrow where the last value is no larger than its error"
"""Measured: 84 % of intervals that should hold in 95 %."""
STAGE = "extrapolation"


def zne(
    *,
    factors: str = "1/3",
    model: Literal["linear", "richardson", "exponential"] = "exponential",
    fold_by: Literal["pair", "gate", "circuit"] = "pair",
) -> Mitigation:
    """The circuit folded to each of the odd `factors` (Giurgica-Tiron et al., arXiv:2005.10921), and the value at zero: by a
    straight line, a polynomial (Richardson: Temme, Bravyi and Gambetta, PRL 119, 180509, 2017), or an exponential decay to zero
    of the value without its constant part (Endo, Benjamin and Li, PRX 8, 031027, 2018). Folded is each gate on two qubits,
    each gate, or the circuit as a whole: the last two echo a part of standing detunings, and go too far."""
    scale = scale_factors(factors)
    weights = np.array(richardson(scale) if model == "richardson" else line(scale))
    combine = partial(decay, np.array(scale, dtype=float)) if model == "exponential" else partial(_weighted, weights)
    about = f"{ABOUT[model]} {', '.join(map(str, scale))}" + (TOO_NARROW if model == "exponential" else "")
    shares = tuple(float(abs(weight)) or 1e-3 for weight in weights)
    variants = partial(_folded, scale, fold_by)
    return Mitigation(extrapolation=Extrapolation(variants, combine, shares, about))


def _folded(factors: tuple[int, ...], by: str, circuit: QuantumCircuit) -> list[QuantumCircuit]:
    return [fold(circuit, factor, by=by) for factor in factors]


def _weighted(weights: Float[np.ndarray, " f"], values: Float[np.ndarray, " f"]) -> float:
    return float(weights @ values)


def richardson(factors: tuple[int, ...]) -> list[float]:
    """w_i = prod_{j != i} l_j/(l_j - l_i), which cancel powers 1 to f - 1 of the noise (Temme et al., equation 3)."""
    return [float(np.prod([other / (other - own) for other in factors if other != own])) for own in factors]


def line(factors: tuple[int, ...]) -> list[float]:
    """The weights of the intercept of the line of least squares: 1/f - mean(l) (l_i - mean(l))/sum (l - mean(l))^2."""
    scale = np.array(factors, dtype=float)
    apart = scale - scale.mean()
    return (1 / len(scale) - scale.mean() * apart / (apart @ apart)).tolist()


def decay(scale: Float[np.ndarray, " f"], values: Float[np.ndarray, " f"]) -> float:
    """E(0) of E(l) = E(0) exp(-b l): log-linear least squares over |E|, its gain E(0)/E(l_1) = exp(b l_1) between
    1/`LARGEST_GAIN` and `LARGEST_GAIN`.

    The sign is that of the first value. A later value of the other sign is noise: the decay to it counts as the largest.
    """
    first, most = values[0], np.log(LARGEST_GAIN)
    if first == 0:
        return 0.0
    apart = (scale - scale[0]) / scale[0]
    logs = np.log(np.clip(values / first, np.exp(-most * apart), np.exp(most * apart)))
    return float(first * np.exp(-(apart @ logs) / (apart @ apart)))
