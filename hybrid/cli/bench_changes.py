"""A comparison as text: status changes first, then what became slower or faster, then the rest."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hybrid.bench.units import multiple
from hybrid.cli.bench_text import floor_text
from hybrid.cli.layout import wrapped

if TYPE_CHECKING:
    from hybrid.bench.compare import ComparedCell, ComparisonReport
    from hybrid.bench.statistics import Comparison
    from hybrid.bench.summary import Figure

NAME, VERDICT = 46, 32
ORDER = ("slower", "faster", "too few", "same")


def compared(report: "ComparisonReport") -> str:
    """Status changes first, then the cells that both sides got right."""
    parts = [wrapped(f"new: {report.new}; base: {report.base}")]
    if not report.controlled:
        parts[0] += "\n" + wrapped("Measured in different sessions: drift of the machine is not controlled.")
    if report.differences:
        parts[0] += "\n" + wrapped(f"changed: {'; '.join(report.differences)}", indent=2)
    if report.changed:
        parts.append("\n".join(["status changes", *(_change(a, b) for a, b in report.changed)]))
    if report.compared:
        lines = [_cell(pair.new.cell, pair.base.cell, quoted(pair.verdict)) for pair in _ordered(report.compared)]
        parts.append("\n".join(["time per call, new against base (interval 95 %)", *lines, _mean(report)]))
    if report.unranked:
        lines = [_cell(b.cell, a.cell, b.state) for a, b in report.unranked]
        parts.append("\n".join(["not ranked, not verified on both sides", *lines]))
    for side, only in ((report.base, report.only_base), (report.new, report.only_new)):
        if only:
            parts.append(wrapped(f"only {side}: {', '.join(_name(figure.cell, side) for figure in only)}", indent=2))
    floor = report.floor
    parts.append(wrapped(floor_text(floor) if floor is not None else "No A/A floor given (hybrid bench null): 5 % is assumed."))
    return "\n\n".join(parts)


def _ordered(pairs: "Sequence[ComparedCell]") -> "list[ComparedCell]":
    """Changed cells first, the largest change first; unchanged cells by name."""

    def place(pair: "ComparedCell") -> tuple[int, float, str]:
        word, ratio = pair.verdict.word, pair.verdict.ratio
        return ORDER.index(word), 0.0 if word == "same" else -max(ratio, 1 / ratio), pair.new.cell["workload"]

    return sorted(pairs, key=place)


def quoted(verdict: "Comparison") -> str:
    """`1.34x (1.28-1.41) faster`, `same (0.98x, 0.95-1.02)`, or only the ratio where there are too few processes.

    Where the interval of this pair alone leaves no doubt and the verdict does, it says so: `1.2x (1.1-1.3), not decided`.
    """
    ratio, low, high = verdict.ratio, verdict.low, verdict.high
    if verdict.word == "too few":
        return f"{_times(ratio)}, no verdict"
    if verdict.word == "faster":
        return f"{multiple(1 / ratio, 1 / high, 1 / low)} faster"
    if verdict.word == "slower":
        return f"{multiple(ratio, low, high)} slower"
    if low > 1 or high < 1:
        return f"{multiple(ratio, low, high)}, not decided"
    return f"same ({ratio:.2f}x, {low:.2f}-{high:.2f})"


def _times(ratio: float) -> str:
    return f"{multiple(ratio)} the time" if ratio >= 1 else f"{multiple(1 / ratio)} less time"


def _mean(report: "ComparisonReport") -> str:
    mean = report.mean
    assert mean is not None
    words = [pair.verdict.word for pair in report.compared]
    changed = "" if "too few" in words else f" ({len(words) - words.count('same')} changed)"
    text = f"geometric mean over the {len(words)} cells that both got right: {_times(mean)}{changed}"
    text += ". No verdict: too few processes" if "too few" in words else ""
    text += '. "same": no significant difference; the interval bounds it' if "same" in words else ""
    unsure = any(pair.verdict.word == "same" and not pair.verdict.low <= 1 <= pair.verdict.high for pair in report.compared)
    text += '. "not decided": the interval is of this cell alone, the verdict corrected for all' if unsure else ""
    return wrapped(f"{text}.", first="  ", indent=4)


def _change(base: "Figure", new: "Figure") -> str:
    text = f"{base.state} -> {new.state}"
    why = new.note or base.note
    return _cell(new.cell, base.cell, text) + (f"\n{wrapped(why, first='      ', indent=6)}" if why else "")


def _cell(cell: dict[str, Any], other: dict[str, Any], text: str) -> str:
    """A line about a cell; the backend is left out where two backends are compared."""
    name = f"  {_name(cell, cell['backend'] if cell['backend'] != other['backend'] else '')}"
    return f"{name:<{NAME}}  {text}" if len(name) <= NAME and len(text) <= VERDICT else f"{name}\n      {text}"


def _name(cell: dict[str, Any], side: str) -> str:
    """The cell; without its backend where `side` is that backend."""
    from hybrid.bench.naming import brief

    if side != cell["backend"]:
        return f"{cell['workload']} by {brief(cell)}"
    path = "" if cell["path"] == "compiled" else f", {cell['path']}"
    threads = f", {cell['threads']} threads" if cell["threads"] > 1 else ""
    return f"{cell['workload']}{path}{threads}"
