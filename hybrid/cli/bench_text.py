"""Benchmarks as text for a terminal of 80 columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hybrid.bench.units import duration, size
from hybrid.cli.layout import table, wrapped
from hybrid.cli.progress import clock

if TYPE_CHECKING:
    from hybrid.bench.compare import Report
    from hybrid.bench.planning import Plan
    from hybrid.bench.run import Step
    from hybrid.bench.statistics import Comparison
    from hybrid.bench.suites import Suite
    from hybrid.bench.summary import Figure

NAME, TIME, FIRST, MEMORY = 31, 15, 10, 10
WIDTH = 24
CORES_SLACK = 0.25
"""Above its threads by more than this a backend used processors that it was not given."""
ENOUGH = 9
LEGEND = (
    "per call: median over processes of the least of each, ± half the spread between processes. Rank 1 + how many are faster "
    "beyond doubt; what our checks did not find right, or stands alone, does not rank."
)


def listed(suites: "Sequence[Suite]", members: dict[str, dict[str, str]]) -> str:
    """Suites, workloads and backends with their first lines."""
    sizes = [f"{s.processes} process{'es' * (s.processes > 1)} a cell, about {clock(s.seconds)}" for s in suites]
    rows = [(f"  {s.name}", f"{s.title}; {told}") for s, told in zip(suites, sizes, strict=True)]
    parts = [f"suites\n{table(rows, WIDTH)}"]
    for family, word in (("workloads", "workloads"), ("adapters", "backends")):
        parts.append(f"{word}\n{table([(f'  {name}', line) for name, line in members[family].items()], WIDTH)}")
    return "\n\n".join(parts)


def progress(step: "Step") -> str:
    """One line while it runs: the cell just measured."""
    cell = step.row["cell"]
    left = f", about {clock(step.seconds_left)} left" if step.seconds_left >= 1 else ""
    return f"{step.done}/{step.total}{left}  {cell['workload']} by {cell['backend']}: {step.row['status']}"


def planned(plan: "Plan") -> str:
    """Cells, what is known of their time, and the sum."""
    title = f"{'cell':<53} {'lacking':>7} {'a process':>9} {'memory':>8}"
    lines = [_row(str(p.cell), p.lacking, p.seconds, p.memory_bytes) for p in plan.cells]
    lacking = sum(p.lacking for p in plan.cells)
    each = f"{plan.processes} process{'es' * (plan.processes > 1)} each"
    total = f"{len(plan.cells)} cells, {each}; {lacking} processes lacking, about {clock(plan.seconds)}"
    largest = max((p.memory_bytes for p in plan.cells if p.lacking and p.memory_bytes), default=0)
    memory = f"; the largest dense state takes {size(largest)}" if largest else ""
    unknown = any(p.lacking and p.seconds is None for p in plan.cells)
    source = f" Times marked ? are not measured yet; {plan.guess_s:.1f} s a process is assumed." if unknown else ""
    return "\n".join([title, *lines, "", wrapped(f"{total}{memory}.{source}")])


def _row(name: str, lacking: int, seconds: float | None, memory: int | None) -> str:
    took = "?" if seconds is None else f"{seconds:.1f} s"
    head = f"{name}\n{'':<53}" if len(name) > 53 else f"{name:<53}"
    return f"{head} {lacking:>7} {took:>9} {size(memory):>8}"


def verified(found: "Sequence[Figure]") -> str:
    """A verdict per cell, with what it was judged by."""
    rows = []
    for figure in found:
        rows.append((figure.state, wrapped(f"{figure.cell['workload']} by {_who(figure)}")))
        rows.append(("", figure.note or _verdict(figure)))
    right = sum(figure.verified for figure in found)
    return f"{table(rows, 12)}\n\n{right} of {len(found)} cells verified."


def _verdict(figure: "Figure") -> str:
    check = figure.counted[-1]["verification"]
    metric = "no number" if check["metric"] is None else f"{check['metric']:.2g}"
    return f"{check['tier']}: {check['name']} {metric}, at most {check['tolerance']:.2g}; by {check['reference']}"


def shown(found: "Sequence[Figure]", floor: float | None) -> str:
    """Every question with those who answered it, and what the ranks rest on."""
    if not found:
        return "no results."
    from hybrid.bench.summary import questions, ranks

    groups = questions(found)
    places = ranks(groups, floor or 0.0)
    parts = [_question(group, place) for group, place in zip(groups, places, strict=True)]
    return "\n\n".join([_machines(found), *parts, *_fine_print(found, floor)])


def _machines(found: "Sequence[Figure]") -> str:
    """Where and by what it was measured."""
    lines = {}
    for figure in found:
        env = figure.environment
        lines[f"{env['host']}: {env['cpu']}, {env['cores']} cores, governor {env['governor']}"] = None
    packages = {f"{name} {version}" for figure in found for name, version in figure.environment["versions"].items()}
    return "\n".join([*map(wrapped, lines), wrapped(", ".join(sorted(packages)), indent=2)])


def _question(group: "Sequence[Figure]", places: Sequence[int | None]) -> str:
    cell = group[0].cell
    asked = [cell["task"], f"{cell['n_qubits']} qubits"]
    asked += [f"{cell['n_points']} points a call"] if cell["n_points"] > 1 else []
    asked += [f"{cell['shots']:,} shots"] if cell["shots"] else []
    head = wrapped(f"{cell['workload']}  {', '.join(asked)}", indent=2)
    title = f"  {'backend':<{NAME}}{'per call':>{TIME}}{'first':>{FIRST}}{'memory':>{MEMORY}}  rank"
    lines = []
    for figure, place in zip(group, places, strict=True):
        rank = figure.state.upper() if not figure.verified else "-" if place is None else str(place)
        who = _who(figure)
        head_of_line = f"  {who}\n  {'':<{NAME}}" if len(who) > NAME - 1 else f"  {who:<{NAME}}"
        lines.append(
            f"{head_of_line}{_per_call(figure):>{TIME}}{duration(figure.first_s):>{FIRST}}"
            f"{size(figure.memory_bytes):>{MEMORY}}  {rank}".rstrip()
        )
        lines += [wrapped(note, first="      ", indent=6) for note in _notes(figure)]
    return "\n".join([head, title, *lines])


def _who(figure: "Figure") -> str:
    cell = figure.cell
    path = "" if cell["path"] == "compiled" else f" {cell['path']}"
    threads = f" x{cell['threads']}" if cell["threads"] > 1 else ""
    return f"{cell['backend']}{path}{threads}"


def _per_call(figure: "Figure") -> str:
    typical = figure.typical_s
    if typical is None:
        return "-"
    spread = (max(figure.seconds) - min(figure.seconds)) / 2 / typical
    return f"{duration(typical)} ±{100 * spread:.0f}%" if len(figure.seconds) > 1 else duration(typical)


def _notes(figure: "Figure") -> list[str]:
    notes = [figure.note] if figure.note else []
    notes += [f"nothing could judge; agrees with {figure.partner} (L3)"] if figure.partner else []
    if figure.traffic is not None and figure.copy_rate is not None:
        times = figure.traffic / figure.copy_rate
        notes.append(f"moves {size(figure.traffic)}/s, gate by gate; a copy {size(figure.copy_rate)}/s ({times:.2g} times)")
    used = figure.cores_used
    if used is not None and used > figure.cell["threads"] + CORES_SLACK:
        notes.append(f"used {used:.1f} processors, was given {figure.cell['threads']}")
    return notes


def _fine_print(found: "Sequence[Figure]", floor: float | None) -> list[str]:
    few = min((len(figure.seconds) for figure in found if figure.verified), default=0)
    parts = [LEGEND]
    if few < ENOUGH:
        parts.append(f"{few} process{'' if few == 1 else 'es'} a cell give no verdict on speed; it takes {ENOUGH} or so.")
    parts.append(floor_text(floor) if floor is not None else "No A/A floor measured here (hybrid bench null): 5 % is assumed.")
    if len({figure.sessions for figure in found if figure.verified}) > 1:
        parts.append("Measured in different sessions: drift not controlled.")
    right = sum(figure.verified for figure in found)
    return ["\n".join(map(wrapped, parts)), f"{right} of {len(found)} cells verified."]


def floor_text(floor: float) -> str:
    """What the A/A floor means."""
    return f"A/A floor of this machine: {100 * floor:.1f} %; a change must exceed {100 * max(0.05, floor):.1f} %."


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
