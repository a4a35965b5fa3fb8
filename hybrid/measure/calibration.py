"""What is measured once before the values of a query: errors of the readout, and what noise does to circuits of known value.

Clifford data regression (Czarnik et al., Quantum 5, 592, 2021): at points where all angles of the circuit are multiples of
pi/2, noisy values are fitted by
    noisy = a exact + b    (least squares over the points)                                                                (1)
and a value is (noisy - b)/a. This way round the errors of the shots are in the dependent variable alone.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.base.errors import HybridError, UsageError
from hybrid.base.randomness import TrainingStream, child
from hybrid.base.types import Angles, GeometricRunner
from hybrid.device.readout import Correction, StringFactors
from hybrid.measure.estimate import exact_values
from hybrid.measure.gradients import MeasuredValues
from hybrid.measure.observables import FixedObservable, ReadoutFit

CANDIDATES = 256
"""Points among which those of training are chosen: their exact values spread as evenly as these allow."""
LEAST_SIGNAL = 4.0
"""Below so many standard errors of the slope a, the noise left nothing to divide by."""


class NoiseFit(NamedTuple):
    """Equation 1: a, b and their covariance (2, 2)."""

    a: float
    b: float
    covariance: Float[np.ndarray, "2 2"]

    def shifts(self, noisy: Float[np.ndarray, " k"]) -> Float[np.ndarray, "k 2"]:
        """Shifts of mitigated values by one standard error along each principal direction of (a, b)."""
        size, along = np.linalg.eigh(self.covariance)
        slopes = np.stack([-(noisy - self.b) / self.a**2, np.full(len(noisy), -1 / self.a)], axis=1)
        return slopes @ (along * np.sqrt(np.maximum(size, 0.0)))


class Calibration(NamedTuple):
    """The readout's errors, and the fit of the noise."""

    readout: ReadoutFit | None
    noise: NoiseFit | None

    def to_json(self) -> dict[str, Any]:
        """Its numbers by name, as they are recorded."""
        parts = [part for part in (self.readout, self.noise) if part is not None]
        return {key: np.ravel(value).tolist() for part in parts for key, value in part._asdict().items()}

    @classmethod
    def from_json(cls, body: Mapping[str, list[float]]) -> "Calibration":
        """The reverse of `to_json`."""
        readout = noise = None
        if "shares" in body:
            readout = StringFactors(
                np.array(body["outcomes"], dtype=np.uint64), np.array(body["shares"]), int(body["shots"][0])
            )
        elif "f0" in body:
            readout = Correction(*(np.array(body[key]) for key in Correction._fields))
        if "a" in body:
            noise = NoiseFit(body["a"][0], body["b"][0], np.array(body["covariance"]).reshape(2, 2))
        return cls(readout, noise)


NOTHING = Calibration(None, None)


class Training(NamedTuple):
    """Points in the circuit's angles (t, m), and the exact values there without the observable's constant (t,)."""

    angles: Angles
    exact: Float[np.ndarray, " t"]


def training(
    circuits: int, n_angles: int, groups: list[FixedObservable], noiseless: GeometricRunner, seed: np.random.SeedSequence
) -> Training:
    """Clifford points whose exact values spread; UsageError where they do not."""
    if circuits < 3:
        raise UsageError(f"mitigation cdr: {circuits} circuits do not determine a line and its error; take 3 or more.")
    rng = np.random.default_rng(child(seed, TrainingStream.POINTS))
    candidates = rng.integers(0, 4, (max(CANDIDATES, circuits), n_angles)) * (np.pi / 2)
    exact = exact_values(groups, noiseless.distributions(candidates), None)
    order = np.argsort(exact, kind="stable")[np.linspace(0, len(exact) - 1, circuits).round().astype(int)]
    if np.ptp(exact[order]) < 1e-9:
        raise UsageError("cdr: the circuit gives one value at all Clifford points, so there is nothing to fit; leave cdr out.")
    return Training(candidates[order], exact[order])


def trained(exact: Float[np.ndarray, " t"], measured: MeasuredValues) -> NoiseFit:
    """The fit of equation 1, its covariance from the errors of the measured values; HybridError where no signal is left."""
    noisy = measured.values.mean(axis=1)
    design = np.stack([exact, np.ones(len(noisy))], axis=1)
    pseudo = np.linalg.pinv(design)
    a, b = pseudo @ noisy
    errors = np.concatenate([np.diag(measured.stderr), measured.calibration_shifts], axis=1)
    common = measured.values - measured.values.mean(axis=1, keepdims=True)
    if common.shape[1] > 1:
        errors = np.concatenate([errors, common / np.sqrt(common.shape[1] * (common.shape[1] - 1))], axis=1)
    spread = pseudo @ errors
    covariance = spread @ spread.T
    if a <= LEAST_SIGNAL * np.sqrt(covariance[0, 0]):
        raise HybridError(
            f"cdr: of the signal of its training circuits {a:.2g} +- {np.sqrt(covariance[0, 0]):.2g} is left, too little to "
            "divide by; take more shots or fewer layers."
        )
    return NoiseFit(float(a), float(b), covariance)
