"""Results of a self-test: a row per experiment and qubits with measured and predicted value, and how well all agree."""

from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float
from scipy.special import chdtrc

from hybrid.base.display import html_of, plot_of

LEAST_P, MOST_SIGMAS = 1e-3, 4.5


@final
@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured number in SI units (fidelities, probabilities and error rates as fractions: unit "1").

    `nominal` is the description's own prediction of this experiment, None where there is none; `nominal_stderr` is the
    error of its average over detunings. `detail` distinguishes rows of one experiment. `published` is what was measured on the
    device that the profile describes, `raw` the same pair, nominal and published, with errors of preparation and readout.
    """

    experiment: str
    qubits: tuple[int, ...]
    value: float
    stderr: float | None
    nominal: float | None = None
    nominal_stderr: float = 0.0
    unit: str = "1"
    detail: str = ""
    published: float | None = None
    raw: tuple[float, float] | None = None

    @property
    def sigmas(self) -> float | None:
        """(value - nominal) over both standard errors."""
        if self.nominal is None or self.stderr is None:
            return None
        return (self.value - self.nominal) / float(np.hypot(self.stderr, self.nominal_stderr))

    def to_json(self) -> dict[str, Any]:
        """The row as one JSON object, with a `detail` and what is published where there is any."""
        numbers = {key: getattr(self, key) for key in ("value", "stderr", "nominal", "sigmas", "unit")}
        more: dict[str, Any] = {"detail": self.detail} if self.detail else {}
        if self.published is not None:
            more["published"] = self.published
        if self.raw is not None:
            more["raw"] = dict(zip(("nominal", "published"), self.raw, strict=True))
        return {"experiment": self.experiment, "qubits": list(self.qubits)} | numbers | more


class Curve(NamedTuple):
    """Measured points (k,) and the fitted curve through them (l,); x in seconds or Cliffords, y a probability."""

    experiment: str
    qubits: tuple[int, ...]
    x: Float[np.ndarray, " k"]
    y: Float[np.ndarray, " k"]
    stderr: Float[np.ndarray, " k"]
    fit_x: Float[np.ndarray, " l"]
    fit_y: Float[np.ndarray, " l"]


class PublishedComparison(NamedTuple):
    """Nominal fidelities (k,) of one experiment beside the published ones (k,), by qubits; `raw` with SPAM errors."""

    experiment: str
    raw: bool
    qubits: tuple[tuple[int, ...], ...]
    nominal: Float[np.ndarray, " k"]
    published: Float[np.ndarray, " k"]

    @property
    def rms(self) -> float:
        """The root mean square difference."""
        return float(np.sqrt(np.mean((self.nominal - self.published) ** 2)))

    @property
    def constant_rms(self) -> float:
        """That of one constant for all, the mean of the published values, which is fitted to them."""
        return float(np.std(self.published))


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

    _repr_html_ = html_of
    plot = plot_of

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
        return float(chdtrc(len(self.compared), self.chi_squared)) if self.compared else 1.0

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

    @property
    def comparisons(self) -> tuple[PublishedComparison, ...]:
        """What is published of the device that the profile describes, beside the nominal values."""
        found = []
        for name in dict.fromkeys(row.experiment for row in self.rows):
            rows = [row for row in self.rows if row.experiment == name]
            plain = [(row.qubits, row.nominal, row.published) for row in rows if row.published is not None]
            raw = [(row.qubits, *row.raw) for row in rows if row.raw is not None]
            for is_raw, known in ((False, plain), (True, raw)):
                if known:
                    qubits, nominal, published = zip(*known, strict=True)
                    found.append(PublishedComparison(name, is_raw, qubits, np.array(nominal), np.array(published)))
        return tuple(found)

    def to_json(self) -> list[dict[str, Any]]:
        """One object per row."""
        return [row.to_json() for row in self.rows]
