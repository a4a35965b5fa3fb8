"""Devices with some numbers multiplied: profiles beside the records, so that a run can name them and be repeated.

Such a profile is the device's own with one more variant, so that its circuits are laid out and ordered as on the device itself.
"""

import os
from collections.abc import Mapping
from copy import deepcopy
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from hybrid.device import naming, options
from hybrid.device.device import Device
from hybrid.device.options import DEFAULT
from hybrid.device.profile import Profile, to_si

FOLDER, VARIANT = "profiles", "scaled=on"
MOST_TWO_QUBIT_ERROR, MOST_READOUT_ERROR = 0.75, 0.5
"""A two-qubit gate that leaves a random state, and a readout that says nothing."""


class DeviceNumber(NamedTuple):
    """A number of a device that matters: its name in words, the entries of the profile that it stands for, whether more of it
    is better, and the most of it for each place in SI units."""

    words: str
    keys: tuple[str, ...]
    more_is_better: bool
    most: tuple[float, ...]


def numbers_that_matter(device: Device) -> tuple[DeviceNumber, ...]:
    """Two-qubit error, readout error, and T2* (T2 where dephasing is Markovian)."""
    assert device.t1_s is not None and device.t2_echo_s is not None
    two = tuple(f"gates.{name}.error" for name, gate in device.gates.items() if gate.n_qubits == 2)
    if device.dephasing == "quasistatic" and device.t2_star_s is not None:
        coherence = DeviceNumber("T2*", ("t2_star",), True, device.t2_echo_s)
    else:
        coherence = DeviceNumber("T2", ("t2_echo",), True, tuple(2 * t1 for t1 in device.t1_s))
    return (
        DeviceNumber("two-qubit error", two, False, (MOST_TWO_QUBIT_ERROR,)),
        DeviceNumber("readout error", ("readout_p01", "readout_p10"), False, (MOST_READOUT_ERROR,)),
        coherence,
    )


def mean_of(device: Device, number: DeviceNumber) -> tuple[float, str]:
    """The mean of a number over its entries in the profile's unit, and that unit."""
    entries = [device.numbers[key] for key in number.keys]
    values = [float(v) for entry in entries for v in _listed(entry.value)]
    return sum(values) / len(values), entries[0].unit


def scaled_device(text: str, number: DeviceNumber, factor: float, results: Path) -> str:
    """The device with a number multiplied, as `--device` takes it; its profile is written beside the records in `results`."""
    head, settings = options.split(text)
    table, device = deepcopy(Profile(naming.device_file(text)).table), Device.load(text)
    given = chosen_options(settings)
    changed: dict[str, Any] = {}
    for option in filter(device.variants.__contains__, given):
        if given[option] != DEFAULT:
            _merge(changed, table["variants"][option][given[option]])
    for key in number.keys:
        _merge(changed, _nested(key.split("."), _entry(device, key, number, factor)))
    table.setdefault("variants", {})["scaled"] = {"on": changed}
    name = f"{Path(head).stem}-{'-'.join(number.words.lower().replace('*', 'star').split())}-x{factor:.6g}.toml"
    path = results / FOLDER / name
    _write(path, to_toml(table))
    kept = [f"{key}={value}" for key, value in given.items() if key not in device.variants]
    return ":".join((str(path), ",".join([*kept, VARIANT])))


def chosen_options(settings: str) -> dict[str, str]:
    """A device's options by name."""
    items = (item.partition("=") for item in settings.split(",") if item)
    return {key: value for key, _, value in items}


def _entry(device: Device, key: str, number: DeviceNumber, factor: float) -> dict[str, Any]:
    """One entry of the profile multiplied, no more than the most that is possible; its range is left out."""
    stated = device.numbers[key]
    values = _listed(stated.value)
    most = number.most if len(number.most) == len(values) else (min(number.most),) * len(values)
    scaled = [_limited(float(v) * factor, end, stated.unit) for v, end in zip(values, most, strict=True)]
    return {
        "value": scaled if isinstance(stated.value, tuple) else scaled[0],
        "unit": stated.unit,
        "mark": "A",
        "source": "derived",
        "reason": f"{factor:.6g} times the number of {device.label}, where a verdict flips is looked for",
        "known_for_target": False,
    }


def _limited(value: float, most_si: float, unit: str) -> float:
    """Twelve digits, so that a file does not depend on the last ones."""
    if to_si(value, unit) < most_si:
        return float(f"{value:.12g}")
    return float(f"{most_si / to_si(1.0, unit) * (1 - 1e-9):.12g}")


def _listed(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _nested(keys: list[str], entry: dict[str, Any]) -> dict[str, Any]:
    for key in reversed(keys):
        entry = {key: entry}
    return entry


def _merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Entries of the other table in place of one's own; an entry is replaced as a whole."""
    for key, value in other.items():
        if isinstance(value, dict) and "value" not in value:
            _merge(into.setdefault(key, {}), value)
        else:
            into[key] = deepcopy(value)


def _write(path: Path, text: str) -> None:
    """The file, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def to_toml(table: Mapping[str, Any], at: tuple[str, ...] = ()) -> str:
    """A table of texts, numbers, switches, lists and tables as TOML."""
    own = [f"{key} = {_value(value)}" for key, value in table.items() if not isinstance(value, dict)]
    head = [f"[{'.'.join(at)}]"] if at and own else []
    parts = ["\n".join([*head, *own])] if own else []
    parts += [to_toml(value, (*at, key)) for key, value in table.items() if isinstance(value, dict)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return ("inf" if value > 0 else "-inf") if value in (inf, -inf) else repr(value)
