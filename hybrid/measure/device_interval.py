"""The device interval: how far results on devices within a profile's ranges lie apart, by sampling.

It is taken between order statistics: value i of n in order estimates the quantile i/(n + 1), linear in between (Weibull, 1939;
Hyndman & Fan, Am. Stat. 50, 361 (1996), definition 6), so that on average an interval of share s holds the share s of devices.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.base.types import Scalars

DEVICES, LEAST_DEVICES = 64, 32
"""Devices by default, and the fewest whose order statistics reach the ends of the interval (20 would, barely)."""
SHARE = 0.9
"""Share of the devices in the interval."""


class DeviceInterval(NamedTuple):
    """Results on devices: the `nominal` one's, and the ends between which the share `share` of `devices` drawn ones lies.

    `better` is the share of the devices with a better result than the nominal one. `most` is the number of the profile that
    explains most of the variance over devices, `most_share` how much; None where nothing varies.
    """

    nominal: float
    low: float
    high: float
    share: float
    devices: int
    better: float
    most: str | None
    most_share: float | None


def device_interval(
    nominal: float, values: Scalars, keys: Sequence[str], at: Float[np.ndarray, "d m"], *, maximize: bool
) -> DeviceInterval:
    """The interval of the values (d,) of devices whose numbers, named by `keys` (m,), lie at these shares of their ranges."""
    low, high = np.quantile(values, [(1 - SHARE) / 2, (1 + SHARE) / 2], method="weibull").tolist()
    better = np.mean(values > nominal if maximize else values < nominal)
    most = max(explained(values, keys, at).items(), key=lambda entry: entry[1], default=(None, None))
    return DeviceInterval(nominal, low, high, SHARE, len(values), float(better), *most)


def explained(values: Scalars, keys: Sequence[str], at: Float[np.ndarray, "d m"]) -> dict[str, float]:
    """Share of the variance over devices that each key explains, in a fit that is linear in the shares of the ranges.

    The numbers are drawn independently, so what they explain adds up; the entries of a list are one key. Empty where nothing
    varies. What is not linear is nobody's.
    """
    spread, centred = values - values.mean(), at - at.mean(axis=0)
    if np.ptp(values) <= 1e-12 * np.abs(values).max(initial=1.0):
        return {}
    slopes = np.linalg.lstsq(centred, spread, rcond=None)[0]
    parts = slopes**2 * centred.var(axis=0) / spread.var()
    return {key: float(sum(part for part, k in zip(parts, keys, strict=True) if k == key)) for key in dict.fromkeys(keys)}
