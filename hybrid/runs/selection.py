"""Which of many runs: conditions on columns, and an order."""

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.runs.options import number
from hybrid.runs.results_index import IndexedRun, columns_of

CONDITION = re.compile(r"([\w.]+)(<=|>=|!=|=|<|>|~)(.*)")
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    **{"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne},
    "~": lambda value, text: str(text) in str(value),
}
"""`~`: contains."""


def select(entries: Sequence[IndexedRun], where: str | None, sort: str | None = None) -> list[IndexedRun]:
    """The entries that fulfil every condition of `device=meluxina-q gap<0.1`, ordered by a column, with a minus downwards.

    A run without a value there fulfils no condition but `!=`, and comes last. UsageError names an unknown column, and what is
    no condition.
    """
    columns = columns_of(entries)
    kept = list(entries)
    for word in (where or "").split():
        match = CONDITION.fullmatch(word)
        if match is None:
            raise UsageError(f"--where takes conditions such as device=meluxina-q gap<0.1, not '{shortened(word)}'.")
        name, sign, text = match.groups()
        _check(name, columns)
        kept = [entry for entry in kept if _holds(entry.row.get(name), sign, text)]
    if sort:
        name = sort.removeprefix("-")
        _check(name, columns)
        some = [entry for entry in kept if entry.row.get(name) is not None]
        ordered = sorted(some, key=lambda entry: _ordered(entry.row[name]), reverse=sort.startswith("-"))
        kept = ordered + [entry for entry in kept if entry.row.get(name) is None]
    return kept


def _check(name: str, columns: Sequence[str]) -> None:
    if columns and name not in columns:
        raise unknown("column", name, columns)


def _holds(value: Any, sign: str, text: str) -> bool:
    wanted = number(text)
    if value is None:
        return sign == "!="
    if isinstance(value, bool):
        value = str(value).lower()
    if sign != "~" and isinstance(value, int | float) != isinstance(wanted, int | float):
        value, wanted = str(value), text
    return COMPARISONS[sign](value, wanted)


def _ordered(value: Any) -> tuple[int, Any]:
    return (0, value) if isinstance(value, int | float) else (1, str(value))
