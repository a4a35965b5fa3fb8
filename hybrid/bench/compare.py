"""Two measurements of the same cells compared: changes of status, then changes of time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from hybrid.base.errors import UsageError, unknown
from hybrid.bench import statistics
from hybrid.bench.looks import seen
from hybrid.bench.rows import Row
from hybrid.bench.statistics import Comparison
from hybrid.bench.summary import Figure, Key, compared, figures, measured_floor, were_announced

MACHINE_PARTS = ("governor", "cores", "affinity", "python", "system")


class ComparedCell(NamedTuple):
    """One cell, both sides verified."""

    base: Figure
    new: Figure
    verdict: Comparison


@final
@dataclass(frozen=True)
class ComparisonReport:
    """The result of a comparison. `floor` is None where no A/A floor was measured on this machine."""

    base: str
    new: str
    changed: list[tuple[Figure, Figure]]
    compared: list[ComparedCell]
    unranked: list[tuple[Figure, Figure]]
    only_base: list[Figure]
    only_new: list[Figure]
    controlled: bool
    differences: list[str]
    floor: float | None

    @property
    def mean(self) -> float | None:
        """Geometric mean of new / base over the cells that both sides got right."""
        return statistics.geometric_mean([pair.verdict.ratio for pair in self.compared]) if self.compared else None

    def to_json(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return {
            "base": self.base,
            "new": self.new,
            "status_changes": [_both(*pair) for pair in self.changed],
            "cells": [{**_both(c.base, c.new), **_finite(c.verdict._asdict())} for c in self.compared],
            "unranked": [_both(*pair) for pair in self.unranked],
            "only_base": [figure.cell for figure in self.only_base],
            "only_new": [figure.cell for figure in self.only_new],
            "drift_controlled": self.controlled,
            "differences": self.differences,
            "floor": self.floor,
            "geometric_mean": self.mean,
        }


def of_files(base: Sequence[Row], new: Sequence[Row], names: tuple[str, str], null: Sequence[Row] = ()) -> ComparisonReport:
    """The same cells measured twice. UsageError when no cell was measured on the same machine both times."""
    return _report(figures(base), figures(new), names, lambda figure: figure.rows[0]["cell_id"], [*base, *new, *null])


def of_backends(rows: Sequence[Row], base: str, new: str, null: Sequence[Row] = ()) -> ComparisonReport:
    """Two backends on the same questions in one file; UsageError for a backend that is not in it."""
    results = figures(rows)
    known = sorted({figure.cell["backend"] for figure in results})
    for name in (base, new):
        if name not in known:
            raise unknown("backend in this file", name, known)
    sides = [[figure for figure in results if figure.cell["backend"] == name] for name in (base, new)]
    return _report(sides[0], sides[1], (base, new), lambda f: (f.question, f.cell["path"], f.cell["threads"]), [*rows, *null])


def _report(
    base: list[Figure], new: list[Figure], names: tuple[str, str], key: Callable[[Figure], Key | str], rows: Iterable[Row]
) -> ComparisonReport:
    pairs, only_base, only_new = _matched(base, new, key)
    if not pairs:
        _refuse(only_base, only_new, names)
    changed = [(a, b) for a, b in pairs if a.state != b.state]
    alike = [(a, b) for a, b in pairs if a.state == b.state]
    ranked = [(a, b) for a, b in alike if a.verified and a.seconds and b.seconds]
    floor = measured_floor(rows, pairs[0][0].environment)
    looks = were_announced(figure for pair in ranked for figure in pair)
    verdicts = compared([seen(a.seconds, b.seconds, looks) for a, b in ranked], floor or 0.0)
    return ComparisonReport(
        *names,
        changed,
        [ComparedCell(a, b, verdict) for (a, b), verdict in zip(ranked, verdicts, strict=True)],
        [pair for pair in alike if pair not in ranked],
        only_base,
        only_new,
        controlled=all(a.sessions == b.sessions for a, b in ranked),
        differences=_differences(pairs),
        floor=floor,
    )


def _matched(
    base: list[Figure], new: list[Figure], key: Callable[[Figure], Key | str]
) -> tuple[list[tuple[Figure, Figure]], list[Figure], list[Figure]]:
    """Pairs on the same machine, each side's newest environment; and the figures without a partner."""
    sides = [
        {(key(figure), figure.environment["host"], figure.environment["cpu"]): figure for figure in side}
        for side in (base, new)
    ]
    one, other = sides
    pairs = [(figure, other[name]) for name, figure in one.items() if name in other]
    return pairs, [one[name] for name in one if name not in other], [other[name] for name in other if name not in one]


def _refuse(base: list[Figure], new: list[Figure], names: tuple[str, str]) -> None:
    """UsageError with the reason why nothing can be compared."""
    one, other = (sorted({f"{f.environment['host']} ({f.environment['cpu']})" for f in side}) for side in (base, new))
    if not base or not new:
        raise UsageError(f"{names[0 if not base else 1]}: holds no times to compare.")
    if one != other:
        raise UsageError(
            f"measured on different machines: {names[0]} on {', '.join(one)}; {names[1]} on {', '.join(other)}. Times of "
            "different machines are not compared; measure both on one."
        )
    raise UsageError(f"{names[0]} and {names[1]} have no cell in common.")


def _differences(pairs: list[tuple[Figure, Figure]]) -> list[str]:
    """What differs between the environments of the two sides, each once: `qiskit-aer 0.17.1 -> 0.18.2`."""
    texts: dict[str, None] = {}
    for a, b in pairs:
        one, other = a.environment, b.environment
        if a.cell["backend"] == b.cell["backend"]:
            for name in sorted(set(one["versions"]) | set(other["versions"])):
                was, now = one["versions"].get(name, "absent"), other["versions"].get(name, "absent")
                if was != now and one["versions"] and other["versions"]:
                    texts[f"{name} {was} -> {now}"] = None
        texts |= {f"{part} {one[part]} -> {other[part]}": None for part in MACHINE_PARTS if one[part] != other[part]}
    return list(texts)


def _both(base: Figure, new: Figure) -> dict[str, Any]:
    return {"cell": base.cell, "base_status": base.state, "new_status": new.state, "base": base.seconds, "new": new.seconds}


def _finite(verdict: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: an interval without an upper end has null there."""
    return {key: None if value == float("inf") else value for key, value in verdict.items()}
