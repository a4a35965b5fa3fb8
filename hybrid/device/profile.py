"""Entries of a profile file: numbers with unit, mark, source, reason and range, read from TOML and checked one by one.

Marks: H read in the primary text, M from a secondary source, D derived or fitted, A assumed. Standard library only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import inf, isinf
from pathlib import Path
from typing import Any, NamedTuple, final

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.files import line_of, read_toml

UNITS = {
    "s": ("time", 0),
    "ms": ("time", -3),
    "us": ("time", -6),
    "ns": ("time", -9),
    "Hz": ("frequency", 0),
    "kHz": ("frequency", 3),
    "MHz": ("frequency", 6),
    "1": ("plain number", 0),
    "%": ("plain number", -2),
}
"""Unit -> its dimension and the power of ten that makes it SI."""
MARKS = {"H": "read in the primary text", "M": "from a secondary source", "D": "derived or fitted", "A": "assumed"}
LARGEST = 1e300
"""Of finite numbers, in the file's own unit."""
NO_PAPER = ("assumed", "derived")
"""What `source` says instead of a paper's key; a reason is needed then."""

_NO_PHYSICS = re.compile(r"^\[(?:billing|published)[.\]].*?(?=^\[(?!(?:billing|published)[.\]])|\Z)", re.M | re.S)

Pairs = tuple[tuple[int, int], ...]


@final
@dataclass(frozen=True, slots=True)
class Number:
    """One entry in the file's own unit, a tuple where the file has a list; `mark` has one letter or one per list entry.

    A coupling (a word or pairs), a word and a switch are entries too, with an empty unit. `str` gives value and unit.
    """

    value: bool | float | str | tuple[float, ...] | Pairs
    unit: str
    mark: str
    source: str
    reason: str
    known_for_target: bool
    range: tuple[float, float] | None

    @property
    def si(self) -> float | tuple[float, ...]:
        """The value in SI units, correctly rounded; TypeError for a coupling or a switch."""
        if not self.unit:
            raise TypeError(f"'{self}' has no unit")
        return tuple(to_si(v, self.unit) for v in self.value) if isinstance(self.value, tuple) else to_si(self.value, self.unit)

    @property
    def range_text(self) -> str:
        """The plausible range with its unit; empty where none is stated."""
        return "" if self.range is None else _with_unit(f"{self.range[0]:g} to {self.range[1]:g}", self.unit)

    def __str__(self) -> str:
        if isinstance(self.value, tuple):
            words = [f"{v[0]}-{v[1]}" if isinstance(v, tuple) else f"{v:g}" for v in self.value]
            return _with_unit(", ".join(words), self.unit)
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return self.value if isinstance(self.value, str) else _with_unit(f"{self.value:g}", self.unit)


class QuantityRule(NamedTuple):
    """What a number may be: dimension, bounds in SI units (`above`: the lower one is excluded), a list, infinity, whole.

    `about` says in a sentence what the number is.
    """

    dimension: str
    low: float = 0.0
    high: float = inf
    above: bool = False
    listed: bool = False
    endless: bool = False
    whole: bool = False
    about: str = ""


def entry_keys(with_unit: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys that an entry needs, and those that it may have; an entry `with_unit` is a number."""
    unit, spread = (("unit",), ("range",)) if with_unit else ((), ())
    return ("value", *unit, "mark", "source", "known_for_target"), ("reason", *spread)


def to_si(value: Any, unit: str) -> float:
    """A number in the given unit as the nearest float in SI units (65 ns is 6.5e-08, not 6.500000000000001e-08)."""
    return float(Decimal(repr(value)).scaleb(UNITS[unit][1]))


def physics_of(text: str) -> str:
    """The text of a profile without its tables of billing and of published results: all that a measured answer depends on."""
    kept = _NO_PHYSICS.sub("", text)
    return text if kept == text else f"{kept.rstrip()}\n"


def _with_unit(text: str, unit: str) -> str:
    return text if unit in ("", "1") else f"{text} {unit}"


@final
class Profile:
    """One profile file being read; every error names the file, the line, the key and what is allowed.

    `numbers` collects every entry that was read, by its dotted key, in the order of reading. `moved` says where a variant's
    entries are read instead of the profile's own; `variant` is the place of that variant, empty for the profile itself.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table, self.text = read_toml(path)
        self.numbers: dict[str, Number] = {}
        self.moved: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.variant: tuple[str, ...] = ()

    def error(self, keys: tuple[str, ...], message: str) -> UsageError:
        """The error about one key, to be raised; about the variant if the key is wrong because of it."""
        place = self._place(keys)
        if self.variant and place == keys:
            place, message = self.variant, f"does not go with {'.'.join(keys)}: {message}"
        return UsageError(f"{self.path}:{line_of(self.text, *place)}: {'.'.join(place)}: {message}")

    def _place(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Where the file holds these keys: in a variant if that replaces the entry they are in."""
        for depth in range(len(keys), 0, -1):
            if keys[:depth] in self.moved:
                return self.moved[keys[:depth]] + keys[depth:]
        return keys

    def table_at(self, at: tuple[str, ...], wanted: str = "") -> dict[str, Any]:
        """The table at this place; `wanted` ends the error message when there is none."""
        table: Any = self.table
        for key in self._place(at):
            table = table[key]
        if not isinstance(table, dict):
            raise self.error(at, f"a table is needed{wanted}.")
        return table

    def keys(self, at: tuple[str, ...], required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
        """The table at this place; it must hold every required key, and nothing but required and optional ones."""
        table = self.table_at(at, f", with the keys {', '.join(required)}")
        for key in table:
            if key not in {*required, *optional}:
                raise self.error((*at, key), str(unknown("key", key, {*required, *optional})))
        missing = [key for key in required if key not in table]
        if missing:
            message = f"missing key {', '.join(repr(key) for key in missing)}."
            raise self.error(at, message) if at else UsageError(f"{self.path}:1: {message}")
        return table

    def words(self, at: tuple[str, ...], value: Any) -> str:
        """A text of one line that is not empty."""
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.error(at, "one line of text in quotes is needed.")
        return value

    def switch(self, at: tuple[str, ...]) -> bool:
        """A true or false entry."""
        entry = self._entry(at)
        if not isinstance(entry["value"], bool):
            raise self.error((*at, "value"), "write true or false.")
        self._keep(at, entry, entry["value"])
        return entry["value"]

    def word(self, at: tuple[str, ...], what: str, allowed: tuple[str, ...]) -> str:
        """An entry whose value is one of the words; `what` names it in the error."""
        entry = self._entry(at)
        if entry["value"] not in allowed:
            raise self.error((*at, "value"), str(unknown(what, str(entry["value"]), allowed)))
        self._keep(at, entry, entry["value"])
        return entry["value"]

    def coupling(self, at: tuple[str, ...], n: int) -> Pairs | None:
        """Ascending pairs of n qubits from 'chain' or a list of pairs; None for 'all-to-all'."""
        entry = self._entry(at)
        value = entry["value"]
        if value in ("chain", "all-to-all"):
            self._keep(at, entry, value)
            return tuple((q, q + 1) for q in range(n - 1)) if value == "chain" else None
        pair_list = isinstance(value, list) and all(isinstance(p, list) and [type(q) for q in p] == [int, int] for p in value)
        if not pair_list or not value:
            raise self.error((*at, "value"), "write 'chain', 'all-to-all' or a list of pairs such as [[0, 1], [1, 2]].")
        pairs = tuple((min(pair), max(pair)) for pair in value)
        for i, j in pairs:
            if not 0 <= i < j < n:
                raise self.error((*at, "value"), f"[{i}, {j}] does not join two of the qubits 0 to {n - 1}.")
            if pairs.count((i, j)) > 1:
                raise self.error((*at, "value"), f"[{i}, {j}] is given twice.")
        self._keep(at, entry, pairs)
        return pairs

    def number(self, at: tuple[str, ...], quantity: QuantityRule, size: int = 1) -> tuple[float, ...]:
        """A number in SI units, `size` of them where a list is allowed (a single number in the file holds for all)."""
        entry = self._entry(at, "unit")
        value, unit = entry["value"], entry["unit"]
        units = [name for name, (dimension, _) in UNITS.items() if dimension == quantity.dimension]
        if unit not in units:
            raise self.error((*at, "unit"), f"unknown unit '{shortened(str(unit))}'. Allowed: {', '.join(units)}.")
        if isinstance(value, list) and not (quantity.listed and len(value) == size):
            wanted = f"one number or a list of {size}" if quantity.listed else "one number"
            raise self.error((*at, "value"), f"a list of {len(value)} is given, {wanted} is needed.")
        values = self._floats((*at, "value"), value if isinstance(value, list) else [value], unit, quantity)
        ends = None
        if "range" in entry:
            if not isinstance(entry["range"], list) or len(entry["range"]) != 2:
                raise self.error((*at, "range"), "write [low, high].")
            low, high = self._floats((*at, "range"), entry["range"], unit, quantity._replace(above=False))
            if not all(low <= v <= high for v in values):
                raise self.error((*at, "range"), f"{low:g} to {high:g} {unit} does not hold the value.")
            ends = (low, high)
        self._keep(at, entry, values if isinstance(value, list) else values[0], ends)
        si = tuple(to_si(v, unit) for v in values)
        return si * size if quantity.listed and not isinstance(value, list) else si

    def _floats(self, at: tuple[str, ...], values: list[Any], unit: str, quantity: QuantityRule) -> tuple[float, ...]:
        """Numbers in the file's unit, within the quantity's bounds."""
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
                raise self.error(at, f"'{shortened(str(value))}' is not a number.")
            if abs(value) > LARGEST and not (value == inf and quantity.endless):
                raise self.error(at, "a finite number is needed.")
            si = to_si(value, unit)
            if not quantity.low <= si <= quantity.high or (quantity.above and si == quantity.low):
                above = f"above {quantity.low:g}" if quantity.above else f"at least {quantity.low:g}"
                below = "" if isinf(quantity.high) else f" and at most {quantity.high:g}"
                raise self.error(at, f"{value:g} {unit} is not allowed; {above}{below} (in SI units) is needed.")
            if quantity.whole and si != inf and si % 1:
                raise self.error(at, f"{si:g} is not a whole number{'; inf stands for no limit' if quantity.endless else ''}.")
        return tuple(float(value) for value in values)

    def _entry(self, at: tuple[str, ...], *more: str) -> dict[str, Any]:
        """One entry's table with all but its value checked."""
        entry = self.keys(at, *entry_keys(bool(more)))
        for key in ("mark", "source", "reason"):
            if key in entry:
                self.words((*at, key), entry[key])
        value, mark = entry["value"], entry["mark"]
        length = len(value) if more and isinstance(value, list) else 1
        if len(mark) not in (1, length) or not set(mark) <= set(MARKS):
            letters = ", ".join(f"{letter} ({meaning})" for letter, meaning in MARKS.items())
            raise self.error(
                (*at, "mark"), f"'{shortened(mark)}' is not one of {letters}, or one letter per entry of the list."
            )
        if "reason" not in entry and (entry["source"] in NO_PAPER or set(mark) & set("DA")):
            raise self.error(at, "missing key 'reason': what is assumed or derived says why.")
        if not isinstance(entry["known_for_target"], bool):
            raise self.error((*at, "known_for_target"), "write true or false.")
        return entry

    def _keep(self, at: tuple[str, ...], entry: dict[str, Any], value: Any, ends: tuple[float, float] | None = None) -> None:
        about = entry["mark"], entry["source"], entry.get("reason", ""), entry["known_for_target"]
        self.numbers[".".join(at)] = Number(value, entry.get("unit", ""), *about, ends)
