"""Machines that the published numbers of one machine may stand for: what is not known of it on the day of an experiment.

The first rule for intervals, written before any of them was computed, and the same for all machines; `choice` makes it the
second. Each number of a profile is multiplied by

    exp(sigma_within z_place + sigma_between z)      for published numbers, z standard normal                              (1)

once per qubit or pair where the profile has one number for all of them (which qubits were used is not published), and once for
the machine (the calibration is months away). Where the published number is an average and no median, (1) is divided by its
mean over places, exp(sigma_within^2 / 2). Both sigma stand in `spreads.toml`, from published quartiles. Assumed numbers are
drawn in the range that the profile states, as the stand-in's own device interval draws them (`hybrid.device.ranges`).

Errors of all gates are multiplied by 2^u, u uniform in (0, 1) and one for the machine: benchmarked gates are alone on the chip,
those of a circuit are not. [mckay2023] has 1.7 % for gates in layers of ibm_sherbrooke, whose isolated ones average 1.0 %
(ibm-snapshots).
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from hybrid.device.device import FIELDS, Device
from hybrid.device.ranges import drawn, ranged, shares
from hybrid.rehearsal.track_record.choice import Choice, Place, UnknownFactor

SPREADS = Path(__file__).parent / "spreads.toml"
SIDE_BY_SIDE = 2.0
"""At most so much larger are the errors of gates in a circuit than those of gates alone on the chip."""
PER_QUBIT = {"t1": "t1", "t2_star": "t2_star", "t2_echo": "t2", "readout_p01": "p01", "readout_p10": "p10", "init_error": "p01"}
"""Key of a profile -> name of its spread; an initialisation error scatters as that of reading a 0."""

Factors = Mapping[str, Mapping[Place, float]]


def other_machines(
    device: Device, qubits: Sequence[int], count: int, seed: np.random.SeedSequence, choice: Choice | None = None
) -> list[Device]:
    """`count` (a power of two) machines that the numbers may stand for, drawn on these qubits; None: by the first rule."""
    assumed = ranged(device, qubits)
    factors = unknown_factors(device, qubits)
    own = len(assumed)
    at = shares(count, own + len(factors) + 1, seed)
    scores = ndtri(at[:, own:-1])
    if choice is not None:
        scores = choice.of(device, factors, scores)
    machines = [
        _scaled(drawn(device, assumed, row[:own]), _drawn_factors(device, factors, of_machine, float(row[-1])))
        for row, of_machine in zip(at, scores, strict=True)
    ]
    return [replace(machine, nominal=device) for machine in machines]


def places(device: Device, qubits: Sequence[int]) -> int:
    """The number K of places that a circuit on so many qubits has on the whole machine; 1 where there is no choice."""
    return max(1, _table()["sizes"].get(device.name, 0) // len(qubits))


def unknown_factors(device: Device, qubits: Sequence[int]) -> list[UnknownFactor]:
    """The factors (1): of each published number one for the machine, and one for each qubit or pair where it has one number."""
    used, result = {*qubits}, []
    for key, (spread, places) in _spread_numbers(device).items():
        number = device.numbers[key]
        if number.range is not None:
            continue
        inside = tuple(place for place in places if set(place) <= used)
        result.append(UnknownFactor(key, inside, _sigma("between", "", spread)))
        if not isinstance(number.value, tuple):
            sigma = _sigma("within", device.name, spread)
            bias = sigma**2 / 2 if _table()["within"].get(device.name, {}).get("mean", False) else 0.0
            result += [UnknownFactor(key, (place,), sigma, bias, of_place=True) for place in inside]
    return result


def _spread_numbers(device: Device) -> dict[str, tuple[str, tuple[Place, ...]]]:
    """Key of the profile -> name of its spread, and where the number holds."""
    every: tuple[Place, ...] = tuple((q,) for q in range(device.n_qubits or 0))
    numbers: dict[str, tuple[str, tuple[Place, ...]]] = {
        key: (spread, every) for key, spread in PER_QUBIT.items() if key in device.numbers
    }
    for name, gate in device.gates.items():
        if not gate.virtual:
            numbers[f"gates.{name}.error"] = ("one_qubit" if gate.n_qubits == 1 else "two_qubit", tuple(gate.error))
    return numbers


def _drawn_factors(
    device: Device, factors: Sequence[UnknownFactor], scores: Float[np.ndarray, " m"], side_by_side: float
) -> Factors:
    """The factors at these scores z, and that of gates side by side at its share u."""
    together: float = SIDE_BY_SIDE**side_by_side
    result: dict[str, dict[Place, float]] = {}
    for name, gate in device.gates.items():
        result[f"gates.{name}.error"] = dict.fromkeys(gate.error, together)
    for factor, z in zip(factors, scores.tolist(), strict=True):
        of_key = result.setdefault(factor.key, {})
        for place in factor.places:
            of_key[place] = of_key.get(place, 1.0) * exp(factor.sigma * z - factor.bias)
    return result


def _scaled(device: Device, factors: Factors) -> Device:
    """The device with its numbers multiplied.

    An error is at most that of a random state, a reading at most a coin's; T2 echo at most 2 T1, and T2* at most T2 echo.
    """
    gates = {}
    for name, gate in device.gates.items():
        worst, own = 1 - 0.5**gate.n_qubits, factors[f"gates.{name}.error"]
        gates[name] = replace(gate, error={where: min(worst, error * own[where]) for where, error in gate.error.items()})
    fields: dict[str, Any] = {}
    for key in PER_QUBIT:
        field = FIELDS.get(key, key)
        values = getattr(device, field)
        if values is not None:
            fields[field] = [value * factors.get(key, {}).get((q,), 1.0) for q, value in enumerate(values)]
    for field in ("readout_p01", "readout_p10", "init_error"):
        fields[field] = [min(0.5, value) for value in fields[field]]
    fields["t2_echo_s"] = [min(t2, 2 * t1) for t1, t2 in zip(fields["t1_s"], fields["t2_echo_s"], strict=True)]
    if "t2_star_s" in fields:
        fields["t2_star_s"] = [min(star, t2) for star, t2 in zip(fields["t2_star_s"], fields["t2_echo_s"], strict=True)]
    return replace(device, gates=gates, **{field: tuple(values) for field, values in fields.items()})


def _sigma(kind: str, machine: str, spread: str) -> float:
    """The machine's own where it publishes one, else the pooled one; T2* as T2 where it has none of its own."""
    table = _table()[kind]
    places = [table] if kind == "between" else [table.get(machine, {}), table["pooled"]]
    names = (spread, "t2") if spread == "t2_star" else (spread,)
    return next(place[name] for place in places for name in names if name in place)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(SPREADS.read_text(encoding="utf-8"))
