"""What backends are told, and say, of circuits on more qubits than a distribution has room for."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt64

DENSE_QUBITS = 12
"""Up to this width a value comes from the distribution over all 2^n outcomes; beyond, from its `DiagonalTerms` alone."""


class DiagonalTerms(NamedTuple):
    """What an outcome x of a circuit adds to a value: sum_t coefficients[t] prod_(q in masks[t]) factors[q, x_q].

    Bit q of a mask (t,) says that qubit q takes part; its factors are 1 and -1, or those with readout errors (n, 2).
    """

    masks: UInt64[np.ndarray, " t"]
    coefficients: Float[np.ndarray, " t"]
    factors: Float[np.ndarray, "n 2"]


class NodeAxes(NamedTuple):
    """Nodes of a quadrature for what is random and constant during a shot, independent for each qubit: a qubit's `weights`
    (K,), which add up to one, and for each angle that depends on it the qubit and the angle's values at the nodes (K,)."""

    weights: Mapping[int, Float[np.ndarray, " K"]]
    angles: Mapping[Any, tuple[int, Float[np.ndarray, " K"]]]


class Certificate(NamedTuple):
    """That a wide value has no truncation: qubits that have entered and are not read, at most; numbers of the longest state;
    the fewest and the most `nodes` of a detuning, where these are averaged by axes of them.

    A value takes so many `numbers` in all, and `multiplications`; a gradient takes `gradient_numbers` at least.
    """

    live_qubits: int
    peak_numbers: int
    nodes: tuple[int, int] | None
    numbers: int
    gradient_numbers: int
    multiplications: int

    @property
    def words(self) -> str:
        """For the report."""
        words = f"no truncation, {self.live_qubits} live qubits, peak {self.peak_numbers:,} numbers"
        if self.nodes is None:
            return words
        few, most = self.nodes
        return f"{words}, {most if few == most else f'{few} to {most}'} nodes for each detuning"
