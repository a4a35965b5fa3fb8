"""The axes of a sweep: from lists and ranges in the fields of a Spec to one Spec for every point of the grid."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from math import prod
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple, final

from hybrid import catalog
from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.files import line_of, read_toml
from hybrid.catalog import ranges
from hybrid.runs.options import number
from hybrid.runs.spec import MEMBERS, WHOLE, Spec, beside, located, read_point

MOST_RUNS = 100_000


class OwnKey(NamedTuple):
    """A key of a sweep's file that is no field of a Spec: what it is, and an example."""

    help: str
    example: Any


OWN_KEYS = {
    "zip": OwnKey("Axes that go together instead of crossed.", [["device", "shots"]]),
    "label": OwnKey("Project that the runs are booked on: hybrid runs account.", "my project"),
    "executor": OwnKey("Where the runs are done: local, slurm, dask.", "local"),
}
TEXTS = (*MEMBERS, "device", "dephasing", "gradient", "dd", "mitigate", "grouping", "allocation")
"""Fields whose values may be lists of words, and whose options may be lists and ranges."""


class Axis(NamedTuple):
    """What varies: `name` is a field, as `seed`, or an option of the member that a field names, as `problem.distance`."""

    name: str
    values: tuple[Any, ...]


@final
@dataclass(frozen=True)
class Grid:
    """The runs of a sweep in order, the last axis the fastest: `points` has the value on every axis of every run."""

    axes: tuple[Axis, ...]
    points: tuple[dict[str, Any], ...]
    specs: tuple[Spec, ...]


def grid(given: Mapping[str, Any], zipped: Iterable[Sequence[str]] = ()) -> Grid:
    """The grid of the fields as they are written: a range, a list, or one value. Axes named together in `zipped` go together.

    UsageError names an unknown field or axis, an empty range, axes of different lengths, more than `MOST_RUNS` runs, a run that
    is there twice, and the first point that makes no valid Spec.
    """
    names = [field.name for field in fields(Spec)]
    for key in given:
        if key not in names:
            raise unknown("axis", key, names)
    parts = [_part(name, given[name]) for name in names if name in given]
    axes = tuple(axis for part in parts for axis in part.axes if len(axis.values) > 1)
    groups = _groups(axes, [tuple(group) for group in zipped])
    count = prod(len(group[0].values) for group in groups)
    if count > MOST_RUNS:
        sizes = " x ".join(f"{len(group[0].values):,} of {' and '.join(axis.name for axis in group)}" for group in groups)
        raise UsageError(f"{count:,} runs ({sizes}): at most {MOST_RUNS:,} in one sweep. Take fewer values, or several sweeps.")
    steps = [list(zip(*(axis.values for axis in group), strict=True)) for group in groups]
    order = [axis.name for group in groups for axis in group]
    points, specs, seen = [], [], {}
    for chosen in product(*steps):
        point = dict(zip(order, (value for group in chosen for value in group), strict=True))
        spec = _spec({part.field: part.at(point) for part in parts}, point)
        if (twice := seen.setdefault(spec.id, point)) is not point:
            raise UsageError(f"{_where(twice)} and {_where(point)} are the same run; a sweep has every run once.")
        points.append({axis.name: point[axis.name] for axis in axes})
        specs.append(spec)
    return Grid(axes, tuple(points), tuple(specs))


def _spec(values: dict[str, Any], point: dict[str, Any]) -> Spec:
    try:
        return Spec(**values)
    except UsageError as error:
        raise UsageError(f"{error}{f' (in the run {_where(point)})' if point else ''}") from None


def _where(point: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in point.items())


class _Part(NamedTuple):
    """A field: its axes, and where they are options, the member's text before them and the keys."""

    field: str
    axes: tuple[Axis, ...]
    head: str = ""
    keys: tuple[str, ...] = ()

    def at(self, point: Mapping[str, Any]) -> Any:
        """The field's value at a point of the grid."""
        chosen = [point.get(axis.name, axis.values[0]) for axis in self.axes]
        if not self.keys:
            return chosen[0]
        return f"{self.head}:{','.join(f'{key}={value}' for key, value in zip(self.keys, chosen, strict=True))}"


def _part(field: str, value: Any) -> _Part:
    """The axes of one field's value or values."""
    if field == "initial_point":
        several = isinstance(value, Sequence) and not isinstance(value, str) and not all(isinstance(v, Real) for v in value)
        return _Part(field, (Axis(field, tuple(value) if several else (value,)),))
    listed = list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    if not listed:
        raise UsageError(f"{field}: an empty list; give at least one value.")
    if field not in TEXTS:
        numbers = [one for item in listed for one in (ranges.listed(item) if isinstance(item, str) else [item])]
        return _Part(field, (Axis(field, tuple(_whole(field, one) for one in numbers)),))
    members = [split for item in listed for split in (_members(item) if isinstance(item, str) else [(item, [])])]
    if len(members) == 1 and members[0][1]:
        head, options = members[0]
        if not all(values for _, values in options):  # a word without `=`: the Spec says what is wrong with it
            return _Part(field, (Axis(field, (listed[0],)),))
        axes = tuple(Axis(f"{field}.{key}", tuple(map(number, values))) for key, values in options)
        return _Part(field, axes, head, tuple(key for key, _ in options))
    return _Part(field, (Axis(field, tuple(text for head, options in members for text in _written(head, options))),))


def _members(text: str) -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    """The members in `a,b:k=1..3`: names before the first colon, options after it, which are the last name's."""
    head, colon, rest = text.partition(":")
    *others, last = [name.strip() for name in head.split(",")]
    yield from ((name, []) for name in others)
    function, more, options = rest.partition(":")
    if "." in last and rest and "=" not in function:  # of code from outside the function comes first
        last, colon, rest = f"{last}:{function}", more, options
    yield last + ("" if rest else colon), ranges.options(rest, text)


def _written(head: str, options: list[tuple[str, list[str]]]) -> Iterator[str]:
    for chosen in product(*([f"{key}={value}" for value in values] or [key] for key, values in options)):
        yield f"{head}:{','.join(chosen)}" if chosen else head


def _whole(field: str, value: Any) -> Any:
    """The number that a text is, in a field of whole numbers."""
    if field not in WHOLE or not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        raise UsageError(f"{field} takes whole numbers, as 0..19 or 1,5,7, not '{shortened(value)}'.") from None


def _groups(axes: tuple[Axis, ...], zipped: list[tuple[str, ...]]) -> list[list[Axis]]:
    """The axes that go together; UsageError for unknown ones, one in two groups, and different lengths."""
    by_name = {axis.name: axis for axis in axes}
    together: dict[str, tuple[str, ...]] = {}
    for group in zipped:
        for name in group:
            if name not in by_name:
                raise UsageError(f"zip: {unknown('axis', name, by_name)} An axis is a field or an option with several values.")
            if name in together or group.count(name) > 1:
                raise UsageError(f"zip: axis '{name}' is named twice; it can go together with one group alone.")
        lengths = {name: len(by_name[name].values) for name in group}
        if len(set(lengths.values())) > 1:
            sizes = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise UsageError(f"zip: axes that go together need equally many values; {sizes}.")
        together |= dict.fromkeys(group, group)
    order = dict.fromkeys(together.get(axis.name, (axis.name,)) for axis in axes)
    return [[by_name[name] for name in group] for group in order]


def read_sweep(
    path: Path, results: Path, given: Mapping[str, Any], zipped: Iterable[Sequence[str]] = ()
) -> tuple[Grid, dict[str, Any]]:
    """The grid of a sweep's file, files relative to it, and its own keys: zip, label, executor. Fields in `given` win over it.

    UsageError names file, line and key.
    """
    table, text = read_toml(path)
    own = _own_keys(path, text, table)
    allowed = [field.name for field in fields(Spec)]
    for key, value in table.items():
        if key not in allowed:
            raise UsageError(f"{path}:{line_of(text, key)}: {unknown('axis', key, [*allowed, *OWN_KEYS])}")
        if key in (*MEMBERS, "device", "initial_point"):
            listed = [value] if isinstance(value, str) else value
            if isinstance(listed, list) and any(isinstance(item, str) for item in listed):
                moved = [beside(path.parent, item) if isinstance(item, str) else item for item in listed]
                if key == "initial_point":
                    moved = [read_point(item, results) if isinstance(item, str) else item for item in moved]
                table[key] = moved[0] if isinstance(value, str) else moved
    try:
        return grid({**table, **given}, list(zipped) or own.get("zip", [])), own
    except UsageError as error:
        if str(error).startswith("zip:") and not zipped:
            raise UsageError(f"{path}:{line_of(text, 'zip')}: {error}") from None
        raise located(error, path, text, table, given, grid) from None


def _own_keys(path: Path, text: str, table: dict[str, Any]) -> dict[str, Any]:
    """The file's keys that are no fields of a Spec, taken out of the table."""
    own = {key: table.pop(key) for key in OWN_KEYS if key in table}
    zipped = own.get("zip", [])
    if not isinstance(zipped, list) or not all(isinstance(group, list) and all(map(_is_text, group)) for group in zipped):
        raise UsageError(f'{path}:{line_of(text, "zip")}: zip takes lists of axes, as zip = [["device", "shots"]].')
    for key in ("label", "executor"):
        if key in own and not _is_text(own[key]):
            raise UsageError(f"{path}:{line_of(text, key)}: {key} takes a text, not {own[key]!r}.")
    if "executor" in own:
        try:
            catalog.parse("executors", own["executor"])
        except UsageError as error:
            raise UsageError(f"{path}:{line_of(text, 'executor')}: executor: {error}") from None
    return own


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
