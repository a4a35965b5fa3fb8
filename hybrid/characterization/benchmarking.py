"""Randomised benchmarking of one and two qubits: survival of random Clifford sequences against their length.

The ideal outcomes of the sequences are spread evenly, so that the survival decays to 1/d for any readout errors
(Harper et al., PRL 122, 200502 (2019)): survival = A p^m + 1/d, and the infidelity per Clifford is r = (d - 1)/d (1 - p)
(Magesan, Gambetta & Emerson, PRA 85, 042311 (2012)). With quasi-static noise the decay has another form (Fogarty et al.,
arXiv:1502.05119): the nominal r then comes from the same fit to the predicted survival of the same sequences. With Markovian
noise it is their infidelity: the fit to their polarization under the description's channels, averaged over all states instead
of one; the standard error is increased by the distance of single sequences from that. Otherwise it contains shots and
realizations, but not the choice of sequences, which measured and nominal values share.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.base.randomness import NominalStream, RandomCircuitStream, child
from hybrid.characterization.apparatus import NO_ANGLES, Apparatus, count, over_detunings
from hybrid.characterization.cliffords import Sequence, sequence
from hybrid.characterization.fits import Fit, fit
from hybrid.characterization.polarization import polarization
from hybrid.characterization.result import Curve, ExperimentResult, Row

LENGTHS = {1: (1, 30, 80, 160, 300), 2: (1, 3, 6, 12, 24)}
"""Of the sequences, in Cliffords, by the number of qubits."""
SEQUENCES = 4
"""Of each length: one for each of the four outcomes of two qubits."""
REALIZATIONS = 64
CURVE_POINTS = 100


class _Survival(NamedTuple):
    """Per length: measured mean over sequences (l,), its standard error (l,), and the predicted one by c independent means over
    detunings (l, c). `scale` is the scatter of sequences around their predictions in standard errors, at least 1."""

    measured: Float[np.ndarray, " l"]
    stderr: Float[np.ndarray, " l"]
    predicted: Float[np.ndarray, "l c"]
    scale: float


def rb1(apparatus: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """Every qubit alone."""
    return _measure(apparatus, seed, "rb1", [(q,) for q in apparatus.qubits])


def rb2(apparatus: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """Every pair of neighbours, alone."""
    return _measure(apparatus, seed, "rb2", apparatus.pairs)


def _measure(apparatus: Apparatus, seed: np.random.SeedSequence, name: str, places: list[tuple[int, ...]]) -> ExperimentResult:
    n, rng = len(places[0]), np.random.default_rng(child(seed, RandomCircuitStream.CIRCUIT))
    lengths = np.array(LENGTHS[n])
    sequences = [[sequence(n, int(m), k % 2**n, apparatus.device, rng) for k in range(SEQUENCES)] for m in lengths]
    rows, curves = [], []
    for key, qubits in enumerate(places):
        survival = _survival(apparatus, child(seed, RandomCircuitStream.COUNTS, key), qubits, sequences)
        fitted = _fit(lengths, survival.measured, survival.stderr, n)
        rows.append(_row(name, qubits, survival, fitted))
        smooth = np.geomspace(lengths[0], lengths[-1], CURVE_POINTS)
        curve = _model(smooth, fitted.parameters, n)
        curves.append(Curve(name, qubits, lengths.astype(float), survival.measured, survival.stderr, smooth, curve))
    return ExperimentResult(tuple(rows), tuple(curves))


def _survival(
    apparatus: Apparatus, seed: np.random.SeedSequence, qubits: tuple[int, ...], sequences: list[list[Sequence]]
) -> _Survival:
    """Measured and predicted survival; every sequence has its own detunings."""
    measured, stderr, predicted, misses = [], [], [], []
    for i, alike in enumerate(sequences):
        shares, exact = [], []
        for k, one in enumerate(alike):
            execution = apparatus.execution(one.circuit, qubits, apparatus.conditions(REALIZATIONS))
            shares.append(count(execution, one.outcome, child(seed, i, k)))
            if apparatus.device.dephasing == "quasistatic":
                exact.append(
                    execution.distributions(NO_ANGLES, child(seed, i, k, NominalStream.DETUNINGS))[0, :, 0, one.outcome]
                )
            else:
                kept = polarization(apparatus.device, qubits, one.circuit, one.outcome)
                exact.append(np.array([kept + (1 - kept) / 2 ** len(qubits)]))
                misses.append((shares[-1].value - exact[-1][0]) / shares[-1].stderr)
        measured.append(np.mean([share.value for share in shares]))
        stderr.append(np.hypot.reduce([share.stderr for share in shares]) / len(shares))
        predicted.append(np.mean(np.broadcast_arrays(*exact), axis=0))  # a sequence without pulses has one exact mean
    scale = max(1.0, float(np.sqrt(np.mean(np.square(misses))))) if misses else 1.0  # Birge, Phys. Rev. 40, 207 (1932)
    return _Survival(np.array(measured), np.array(stderr), np.array(predicted), scale)


def _row(name: str, qubits: tuple[int, ...], survival: _Survival, fitted: Fit) -> Row:
    """The fit to the measured survival, and the same fit with the same weights to the predicted one."""
    n, lengths = len(qubits), np.array(LENGTHS[len(qubits)])

    def fitted_infidelity(y: Float[np.ndarray, " l"]) -> float:
        return _infidelity(_fit(lengths, y, survival.stderr, n).parameters[0], n)

    return Row(
        experiment=name,
        qubits=qubits,
        value=_infidelity(fitted.parameters[0], n),
        stderr=survival.scale * float(fitted.stderr[0]) * (1 - 2.0**-n),
        nominal=fitted_infidelity(survival.predicted.mean(axis=1)),
        nominal_stderr=over_detunings(np.array([fitted_infidelity(y) for y in survival.predicted.T])).stderr,
    )


def _fit(lengths: Float[np.ndarray, " l"], y: Float[np.ndarray, " l"], stderr: Float[np.ndarray, " l"], n: int) -> Fit:
    """p and A of the survival."""
    return fit(lambda parameters: _model(lengths, parameters, n), [0.98, 1 - 2.0**-n], y, stderr)


def _model(lengths: Float[np.ndarray, " l"], parameters: Float[np.ndarray, " 2"], n: int) -> Float[np.ndarray, " l"]:
    p, contrast = parameters
    return contrast * np.abs(p) ** lengths + 2.0**-n


def _infidelity(p: float, n: int) -> float:
    """r = (d - 1)/d (1 - p) with d = 2^n."""
    return float((1 - 2.0**-n) * (1 - p))
