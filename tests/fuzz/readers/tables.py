"""TOML files: Python's own parser, and every entry compared with what the package made of it."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hybrid.bench.suites import Suite
from hybrid.device.device import Device
from hybrid.runs.spec import Spec

FACTORS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "1": 1.0, "%": 1e-2}
SECONDS = {
    "t1": "t1_s",
    "t2_star": "t2_star_s",
    "t2_echo": "t2_echo_s",
    "readout_duration": "readout_s",
    "shot_cycle": "shot_cycle_s",
}
PLAIN = {
    "readout_p01": "readout_p01",
    "readout_p10": "readout_p10",
    "init_error": "init_error",
    "residual_exchange": "residual_exchange_hz",
}


def entries(table: dict[str, Any], at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table with a value, by its dotted key."""
    for key, value in table.items():
        if isinstance(value, dict) and key != "variants":
            if "value" in value:
                yield f"{at}{key}", value
            else:
                yield from entries(value, f"{at}{key}.")


def device(path: Path, found: Device) -> None:
    """Every number with unit, mark, source and range; those of qubits and gates in SI units."""
    table = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    read = dict(entries(table))
    assert {*read} == {*found.numbers} and (found.title, found.caveat) == (table["title"], table["caveat"])
    for key, entry in read.items():
        number = found.numbers[key]
        value = entry["value"]
        if key == "coupling" and not isinstance(value, str):
            assert number.value == tuple(tuple(sorted(pair)) for pair in value)
        else:
            assert number.value == (tuple(value) if isinstance(value, list) else value), key
        assert (number.mark, number.source, number.known_for_target) == (
            entry["mark"],
            entry["source"],
            entry["known_for_target"],
        )
        assert (number.unit, number.reason) == (entry.get("unit", ""), entry.get("reason", ""))
        assert [*(number.range or ())] == entry.get("range", [])
    for key, name in (SECONDS | PLAIN).items():
        if key in read:
            assert getattr(found, name) == pytest.approx(in_si(read[key], getattr(found, name)), rel=1e-15), key
    for name, gate in found.gates.items():
        for part, numbers in (("duration", gate.duration_s), ("error", gate.error)):
            if not gate.virtual:
                said = in_si(read[f"gates.{name}.{part}"], tuple(numbers.values()))
                assert (*numbers.values(),) == pytest.approx(said, rel=1e-15)


def in_si(entry: dict[str, Any], shape: Any) -> Any:
    """The number, or as many as there are places."""
    values = entry["value"] if isinstance(entry["value"], list) else [entry["value"]]
    values = tuple(value * FACTORS[entry["unit"]] for value in values)
    if not isinstance(shape, tuple):
        return values[0]
    return values if len(values) == len(shape) else values * len(shape)


def experiment(path: Path, found: Spec) -> None:
    """Every key is the field of its name; files are named from another folder."""
    for key, value in tomllib.loads(path.read_bytes().decode("utf-8-sig")).items():
        read = getattr(found, key)
        if isinstance(value, str) and isinstance(read, str):
            assert re.sub(r"[^,:=]*/", "", read) == re.sub(r"[^,:=]*/", "", value), key
        elif key == "max_qpu" and isinstance(value, str):
            number, unit = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(s|min|h|)\s*", value).groups()  # pyright: ignore[reportOptionalMemberAccess]
            assert read == float(number) * {"": 1, "s": 1, "min": 60, "h": 3600}[unit]
        elif key == "initial_point":
            words = value.translate(str.maketrans("[],", "   ")).split() if isinstance(value, str) else value
            assert [*read] == [float(word) for word in words]
        else:
            assert read == value and isinstance(read, bool) == isinstance(value, bool), key


def suite(path: Path, found: Suite) -> None:
    """Every key is the field of its name."""
    table = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    blocks = table.pop("cells")
    assert [*found.blocks] == blocks and all(getattr(found, key) == value for key, value in table.items())
