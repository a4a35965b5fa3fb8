"""Fits the readout of `spin-sige-6q` to the Bell states of Philips et al. as they were read, and predicts their GHZ states.

    python seeds/spin_readout.py

Two errors, each the same both ways: of the qubits that are read directly (the outer four), and of those that are read through a
neighbour (the inner two). Least squares over the five pairs; dephasing and gates are the profile's. Initialisation is at the
published 1 %; a second fit leaves it free. The first fit's errors go into the profile, rounded; nothing is fitted to the GHZ
states. The same numbers every time.
"""

from collections.abc import Sequence
from dataclasses import replace

from scipy.optimize import least_squares

import hybrid
from hybrid.characterization.result import PublishedComparison
from hybrid.device.device import Device

DEVICE = Device.load("spin-sige-6q")
LEAST, MOST = 0.001, 0.2
"""Bounds of an error; the lower one is the best published readout (niegemann2022)."""
INIT_ERROR = 0.01
FROM_VISIBILITY = (0.013, 0.013, 0.001, 0.005, 0.023, 0.008)
"""What single qubits' visibilities say, half of what is lost beyond an initialisation error of 1 %."""


def as_read(experiment: str, errors: Sequence[float], init_error: float) -> PublishedComparison:
    """Fidelities of `bell` or `ghz` with all errors in them, beside the published ones."""
    readout = tuple(errors)
    device = replace(DEVICE, readout_p01=readout, readout_p10=readout, init_error=(init_error,) * 6)
    found = hybrid.characterize(device, only=[experiment], shots=100, backend="exact")
    (raw,) = (one for one in found.comparisons if one.raw)
    return raw


def by_kind(outer: float, inner: float) -> tuple[float, ...]:
    """Errors of the six qubits."""
    return outer, outer, inner, inner, outer, outer


def fit(*, free_init: bool = False) -> tuple[float, float, float]:
    """The errors of the outer and of the inner qubits, and of initialisation."""

    def misses(x):
        raw = as_read("bell", by_kind(x[0], x[1]), x[2] if free_init else INIT_ERROR)
        return 100 * (raw.nominal - raw.published)

    start = (0.015, 0.03, INIT_ERROR) if free_init else (0.015, 0.03)
    outer, inner, *init_error = map(float, least_squares(misses, start, bounds=(LEAST, MOST), diff_step=1e-2).x)
    return outer, inner, init_error[0] if free_init else INIT_ERROR


def main() -> None:
    plain, free = fit(), fit(free_init=True)
    for outer, inner, init_error in (plain, free):
        print(f"outer qubits {outer:.2%}, inner qubits {inner:.2%}, initialisation {init_error:.2%}")
    for words, errors, init_error in (
        ("visibilities", FROM_VISIBILITY, INIT_ERROR),
        ("Bell states", by_kind(*plain[:2]), plain[2]),
        ("the same, init free", by_kind(*free[:2]), free[2]),
    ):
        for experiment in ("bell", "ghz"):
            raw = as_read(experiment, errors, init_error)
            values, known = (" ".join(f"{100 * v:5.1f}" for v in row) for row in (raw.nominal, raw.published))
            print(f"{words:20} {experiment:4} {values}, published {known}: RMS {100 * raw.rms:.1f} points")


if __name__ == "__main__":
    main()
