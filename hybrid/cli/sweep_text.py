"""Sweeps as text: what they gave and what they would take."""

from math import floor, log10
from pathlib import Path
from typing import Any

from hybrid.base.errors import shortened
from hybrid.base.uncertainty import duration
from hybrid.cli.layout import table, terminal_columns, wrapped

MOST_FAILURES = 20


def swept(sweep: Any, results: Path) -> str:
    """A row for all seeds of every point, then what failed and what is left."""
    counts = ", ".join(f"{count} {state}" for state, count in sweep.counts.items() if count)
    parts = [f"{len(sweep.runs)} runs: {counts}. Records: {results}"]
    spreads = sweep.spreads()
    if any(spread.finished for spread in spreads):
        parts.append(_rows(spreads))
    if sweep.failed:
        lines = [wrapped(f"{_point(run.point)}: {run.why}", first="  ", indent=4) for run in sweep.failed[:MOST_FAILURES]]
        more = len(sweep.failed) - MOST_FAILURES
        parts.append("\n".join(["failed:", *lines, *([f"  and {more} more; --json has all"] if more > 0 else [])]))
    if sweep.handed_over:
        parts.append(sweep.handed_over)
    return "\n\n".join(parts)


def _point(point: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in point.items()) or "the run"


def _rows(spreads: list[Any]) -> str:
    names, named = list(spreads[0].point), next(spread for spread in spreads if spread.finished)
    quantity = f"median {named.quantity}" + (f" ({named.unit})" if named.unit else "")
    heads = [*names, "runs", quantity, "quartiles", "gap"]
    rows = [[*(str(spread.point[name]) for name in names), *_cells(spread)] for spread in spreads]
    return columns(heads, rows, left=len(names))


def _cells(spread: Any) -> list[str]:
    runs = str(spread.runs) if spread.finished == spread.runs else f"{spread.finished}/{spread.runs}"
    if not spread.finished:
        return [runs, "", "", ""]
    width = spread.high - spread.low
    places = max(0, min(9, 1 - floor(log10(width)))) if width > 0 else 6
    quartiles = f"{spread.low:.{places}f} .. {spread.high:.{places}f}" if spread.finished > 1 else ""
    return [runs, f"{spread.median:.{places}f}", quartiles, "" if spread.gap is None else f"{spread.gap:.2g}"]


def columns(heads: list[str], rows: list[list[str]], left: int) -> str:
    """A table as wide as the terminal: the first columns to the `left`, the others to the right; where it does not fit they
    come closer, and then the widest of the first are shortened."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    gap = 2 if sum(widths) + 2 * (len(heads) - 1) <= terminal_columns() else 1
    room = terminal_columns() - gap * (len(heads) - 1)
    while sum(widths) > room and left:
        widest = max(range(left), key=widths.__getitem__)
        if widths[widest] <= 6:
            break
        widths[widest] -= 1
    sides = ["<"] * left + [">"] * (len(heads) - left)
    lines = (
        (" " * gap)
        .join(f"{shortened(cell, width):{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True))
        .rstrip()
        for row in [heads, *rows]
    )
    return "\n".join(lines)


def cost(cost: Any) -> str:
    """What a sweep would take."""
    counts = ", ".join(f"{count} {state}" for state, count in cost.counts.items() if count)
    axes = "; ".join(f"{name}: {len(values)} values" for name, values in cost.axes.items()) or "none"
    hours = "not known: " + cost.unknown if cost.core_hours is None else f"about {cost.core_hours:.3g}"
    if cost.core_hours is not None:
        hours += f" ({duration(3600 * cost.core_hours)} on one core)"
    qpu = "none" if cost.qpu_hours is None else f"{cost.qpu_hours:.3g}, {cost.shots:,} shots"
    nothing = f"{cost.hopeless} runs, which are refused unless --force is given" if cost.hopeless else ""
    rows = [
        ("runs", f"{sum(cost.counts.values()):,} ({counts})"),
        ("axes", axes),
        ("core hours left", hours),
        ("QPU hours left", qpu),
        ("bill left", cost.bill),
        ("would show nothing", nothing),
    ]
    return table(rows, 19)
