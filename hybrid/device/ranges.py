"""Other devices within a profile's ranges: numbers that are not measured but stated with a range, and devices drawn from these.

A number is drawn uniformly in its range; log-uniformly where the range spans more than a factor of `WIDE`, since then even its
order of magnitude is open; and uniformly in its rate where the range has no upper end. A list varies entry by entry, a single
number as one for the whole device.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import inf
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.base.sobol import sobol
from hybrid.device.device import FIELDS, Device
from hybrid.device.profile import to_si

WIDE = 10.0
PER_QUBIT = ("t1_s", "t2_star_s", "t2_echo_s", "readout_p01", "readout_p10", "init_error")
WHOLE_DEVICE = ("context_t2star_factor", "residual_exchange_hz")
KEYS = {field: key for key, field in FIELDS.items()}
"""A device's field -> the profile's key, where it has another name."""

Place = tuple[int, ...]


class RangedNumber(NamedTuple):
    """One number of a profile that is stated with a range, in SI units; it holds at `places`: (q,) or (i, j), () for all."""

    key: str
    places: tuple[Place, ...]
    low: float
    high: float

    def at(self, share: float) -> float:
        """The value below which this share, in (0, 1), of the draws lies."""
        if self.high == inf:
            return self.low / (1 - share)
        if 0 < WIDE * self.low < self.high:
            return self.low * (self.high / self.low) ** share
        return self.low + share * (self.high - self.low)


def ranged(device: Device, qubits: Collection[int]) -> list[RangedNumber]:
    """The numbers with a range on which a result on these device qubits may depend; of a list, the entries of these qubits."""
    result = []
    for key, places in _places(device).items():
        number = device.numbers.get(key)
        if number is None or number.range is None or number.range == (0, inf):
            continue
        low, high = (to_si(end, number.unit) for end in number.range)
        alike = not isinstance(number.value, tuple)
        each = [places] if alike else [(place,) for place in places if set(place) <= set(qubits)]
        result += [RangedNumber(key, together, low, high) for together in each]
    return result


def shares(count: int, numbers: int, seed: np.random.SeedSequence) -> Float[np.ndarray, "d m"]:
    """Scrambled Sobol points in the unit cube, one for each of `count` devices (a power of two)."""
    return sobol(numbers, count, np.random.default_rng(seed))


def drawn(device: Device, numbers: Sequence[RangedNumber], at: Float[np.ndarray, " m"]) -> Device:
    """The device with these numbers at these shares of their ranges.

    No T2 echo exceeds 2 T1 and no T2* the T2 echo: a draw beyond is moved to this limit.
    """
    fields: dict[str, Any] = {}
    gates = dict(device.gates)
    for number, share in zip(numbers, at.tolist(), strict=True):
        value = number.at(share)
        if number.key.startswith("gates."):
            _, name, key = number.key.split(".")
            part = "duration_s" if key == "duration" else key
            gates[name] = replace(gates[name], **{part: getattr(gates[name], part) | dict.fromkeys(number.places, value)})
            continue
        field = FIELDS.get(number.key, number.key)
        if field in WHOLE_DEVICE:
            fields[field] = value
            continue
        values = list(fields.get(field, getattr(device, field)))
        for (q,) in number.places:
            values[q] = value
        fields[field] = tuple(values)
    other = replace(device, gates=gates, **fields)
    assert other.t1_s is not None and other.t2_echo_s is not None
    echo = tuple(min(t2, 2 * t1) for t1, t2 in zip(other.t1_s, other.t2_echo_s, strict=True))
    star = None if other.t2_star_s is None else tuple(map(min, other.t2_star_s, echo))
    return replace(other, t2_echo_s=echo, t2_star_s=star)


def _places(device: Device) -> dict[str, tuple[Place, ...]]:
    """Key of the profile -> where its number holds; of quasi-static dephasing only where the device has it."""
    assert device.n_qubits is not None
    every = tuple((q,) for q in range(device.n_qubits))
    places: dict[str, tuple[Place, ...]] = {
        KEYS.get(field, field): every for field in PER_QUBIT if getattr(device, field) is not None
    }
    if device.dephasing == "quasistatic":
        places |= {KEYS.get(field, field): ((),) for field in WHOLE_DEVICE}
    for name, gate in device.gates.items():
        places |= {f"gates.{name}.{key}": tuple(gate.duration_s) for key in ("duration", "error")}
    return places
