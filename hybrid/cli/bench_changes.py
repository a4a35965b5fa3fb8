"""A comparison as text: status changes first, then what became faster or slower."""

from typing import TYPE_CHECKING, Any

from hybrid.cli.bench_text import floor_text
from hybrid.cli.layout import wrapped

if TYPE_CHECKING:
    from hybrid.bench.compare import Report
    from hybrid.bench.statistics import Comparison
    from hybrid.bench.summary import Figure


def compared(report: "Report") -> str:
    """Status changes first, then the cells that both sides got right."""
    parts = [wrapped(f"new: {report.new}; base: {report.base}")]
    if not report.controlled:
        parts[0] += "\n" + wrapped("Measured in different sessions: drift not controlled.")
    if report.differences:
        parts[0] += "\n" + wrapped(f"changed: {'; '.join(report.differences)}", indent=2)
    if report.changed:
        parts.append("\n".join(["status changes", *(_change(a, b) for a, b in report.changed)]))
    if report.compared:
        lines = [_cell(pair.new.cell, pair.base.cell, quoted(pair.verdict)) for pair in report.compared]
        parts.append("\n".join(["time per call, new against base (interval 95 %)", *lines, _mean(report)]))
    if report.unranked:
        lines = [_cell(b.cell, a.cell, b.state) for a, b in report.unranked]
        parts.append("\n".join(["not ranked, not verified on both sides", *lines]))
    for side, only in ((report.base, report.only_base), (report.new, report.only_new)):
        if only:
            parts.append(wrapped(f"only in {side}: {len(only)} cell{'' if len(only) == 1 else 's'}"))
    floor = report.floor
    parts.append(wrapped(floor_text(floor) if floor is not None else "No A/A floor given (hybrid bench null): 5 % is assumed."))
    return "\n\n".join(parts)


def quoted(verdict: "Comparison") -> str:
    """`1.34x (1.28-1.41) faster`, `same (0.98x, 0.95-1.02)`, or that the processes are too few."""
    if verdict.word == "too few":
        return f"{verdict.ratio:.2f}x the time; too few processes for a verdict"
    low, high = verdict.low, verdict.high
    if verdict.word == "faster":
        return f"{1 / verdict.ratio:.2f}x ({1 / high:.2f}-{1 / low:.2f}) faster"
    if verdict.word == "slower":
        return f"{verdict.ratio:.2f}x ({low:.2f}-{high:.2f}) slower"
    return f"same ({verdict.ratio:.2f}x, {low:.2f}-{high:.2f})"


def _mean(report: "Report") -> str:
    mean = report.mean
    assert mean is not None
    few = any(pair.verdict.word == "too few" for pair in report.compared)
    word = "" if few else f" ({sum(pair.verdict.word != 'same' for pair in report.compared)} changed)"
    return wrapped(
        f"geometric mean over the {len(report.compared)} cells that both got right: {mean:.2f}x the time{word}",
        first="  ",
        indent=4,
    )


def _change(base: "Figure", new: "Figure") -> str:
    text = f"{base.state} -> {new.state}"
    why = new.note or base.note
    return _cell(new.cell, base.cell, text) + (f"\n{wrapped(why, first='      ', indent=6)}" if why else "")


def _cell(cell: dict[str, Any], other: dict[str, Any], text: str) -> str:
    who = "" if cell["backend"] != other["backend"] else f" by {cell['backend']}"
    path = "" if cell["path"] == "compiled" else f", {cell['path']}"
    threads = f", {cell['threads']} threads" if cell["threads"] > 1 else ""
    name = f"  {cell['workload']}{who}{path}{threads}"
    return f"{name:<44}  {text}" if len(name) <= 44 and len(text) <= 34 else f"{name}\n      {text}"
