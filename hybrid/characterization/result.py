"""Results of a self-test: a row per experiment and qubits with measured and predicted value, and how well all agree."""

from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float
from scipy.stats import chi2

LEAST_P, MOST_SIGMAS = 1e-3, 4.5


@final
@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured number in SI units (fidelities, probabilities and error rates as fractions: unit "1").

    `nominal` is the description's own prediction of this experiment, None where there is none; `nominal_stderr` is the
    error of its average over detunings. `detail` distinguishes rows of one experiment.
    """

    experiment: str
    qubits: tuple[int, ...]
    value: float
    stderr: float | None
    nominal: float | None = None
    nominal_stderr: float = 0.0
    unit: str = "1"
    detail: str = ""

    @property
    def sigmas(self) -> float | None:
        """(value - nominal) over both standard errors."""
        if self.nominal is None or self.stderr is None:
            return None
        return (self.value - self.nominal) / float(np.hypot(self.stderr, self.nominal_stderr))

    def to_json(self) -> dict[str, Any]:
        """The row as one JSON object, with a `detail` where there is one."""
        numbers = {key: getattr(self, key) for key in ("value", "stderr", "nominal", "sigmas", "unit")}
        return (
            {"experiment": self.experiment, "qubits": list(self.qubits)}
            | numbers
            | ({"detail": self.detail} if self.detail else {})
        )


class Curve(NamedTuple):
    """Measured points (k,) and the fitted curve through them (l,); x in seconds or Cliffords, y a probability."""

    experiment: str
    qubits: tuple[int, ...]
    x: Float[np.ndarray, " k"]
    y: Float[np.ndarray, " k"]
    stderr: Float[np.ndarray, " k"]
    fit_x: Float[np.ndarray, " l"]
    fit_y: Float[np.ndarray, " l"]


class ExperimentResult(NamedTuple):
    """Result of one experiment; `notes` say what was left out, and what else the data show."""

    rows: tuple[Row, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()


@final
@dataclass(frozen=True, kw_only=True)
class Characterization:
    """A finished self-test."""

    device: str
    physics: str
    dephasing: str
    simulator: str
    caveat: str
    shots: int
    seed: int
    rows: tuple[Row, ...]
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]

    @property
    def compared(self) -> tuple[Row, ...]:
        """The rows that have a nominal value."""
        return tuple(row for row in self.rows if row.sigmas is not None)

    @property
    def chi_squared(self) -> float:
        """Sum of the squared agreements; `len(compared)` degrees of freedom, nothing is fitted to the nominal values."""
        return float(sum((row.sigmas or 0.0) ** 2 for row in self.compared))

    @property
    def p_value(self) -> float:
        """Probability of a chi-squared at least as large if the stack reproduces the profile."""
        return float(chi2.sf(self.chi_squared, len(self.compared))) if self.compared else 1.0

    @property
    def largest(self) -> float:
        """The largest disagreement in sigmas."""
        return max((abs(row.sigmas or 0.0) for row in self.compared), default=0.0)

    @property
    def agrees(self) -> bool:
        """Whether measured and nominal values agree, as a whole and one by one; a correct stack fails once in a thousand."""
        return self.p_value > LEAST_P and self.largest < MOST_SIGMAS

    def mean(self, experiment: str) -> tuple[float, float] | None:
        """Mean over qubits and its standard error; None when the experiment was not made."""
        rows = [row for row in self.rows if row.experiment == experiment]
        if not rows:
            return None
        stderr = np.hypot.reduce([row.stderr or 0.0 for row in rows]) / len(rows)
        return float(np.mean([row.value for row in rows])), float(stderr)

    def to_json(self) -> list[dict[str, Any]]:
        """One object per row."""
        return [row.to_json() for row in self.rows]
