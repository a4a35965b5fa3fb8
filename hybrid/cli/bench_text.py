"""Benchmarks as text for a terminal of 80 columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hybrid.base.machine import memory_bytes
from hybrid.bench.units import duration, multiple, size
from hybrid.cli.layout import one_line_each, table, wrapped
from hybrid.cli.progress import clock

if TYPE_CHECKING:
    from hybrid.bench.contests import Contest
    from hybrid.bench.forecast import BenchPlan
    from hybrid.bench.run import ProcessDone
    from hybrid.bench.suites import Suite
    from hybrid.bench.summary import Figure

NAME, TIME, FIRST, MEMORY = 32, 14, 9, 9
WIDTH = 24
TITLES = {"workloads": "workloads", "adapters": "backends"}
"""Family of the catalogue -> its heading in `hybrid bench list`."""
CORES_SLACK = 0.25
"""A backend that uses more processors than its threads plus this used some that it was not given."""
ENOUGH = 9
"""Processes per cell that a verdict on speed needs, about."""
LEGEND = (
    "per call: the shortest time of each process, median over processes, ± half the range over processes. rank: 1 + number of "
    "backends that are significantly faster. A backend whose answers are not verified, or that is the only one, has no rank."
)


def listed(suites: "Sequence[Suite]", members: dict[str, dict[str, str]]) -> str:
    """Suites with their size, workloads and backends with their first lines."""
    rows = [(f"  {s.name}", f"{s.title}; {_processes(s.processes)} per cell, about {clock(s.seconds)}") for s in suites]
    parts = [f"suites\n{table(rows, WIDTH)}"]
    parts += [f"{word}\n{one_line_each(members[family])}" for family, word in TITLES.items()]
    return "\n\n".join(parts)


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"


def progress(step: "ProcessDone") -> str:
    """One line of progress: the cell just measured."""
    cell = step.row["cell"]
    left = f", about {clock(step.seconds_left)} left" if step.seconds_left >= 1 else ""
    return f"{step.done}/{step.total}{left}  {cell['workload']} by {cell['backend']}: {step.row['status']}"


def planned(plan: "BenchPlan") -> str:
    """Cells with the expected time and memory of a process, and the sum."""
    title = f"{'cell':<53} {'to do':>7} {'a process':>9} {'memory':>8}"
    lines = [_row(str(p.cell), p.lacking, p.seconds, p.memory_bytes) for p in plan.cells]
    to_do = [p for p in plan.cells if p.lacking]
    text = f"{len(plan.cells)} cells, {_processes(plan.processes)} each; "
    text += f"{sum(p.lacking for p in to_do)} processes to do, about {clock(plan.seconds)}"
    if largest := max((p.memory_bytes or 0 for p in to_do), default=0):
        text += f"; the largest dense state takes {size(largest)}"
    total, _ = memory_bytes()
    if beyond := sum((p.memory_bytes or 0) > total for p in to_do):
        cells = "1 cell takes" if beyond == 1 else f"{beyond} cells take"
        text += f"; {cells} more than the {size(total)} of this machine and will end as oom (out of memory)"
    text += "."
    if any(p.seconds is None for p in to_do):
        text += f" Times marked ? are not measured yet; {plan.guess_s:.1f} s per process is assumed."
    return "\n".join([title, *lines, "", wrapped(text)])


def _row(name: str, lacking: int, seconds: float | None, memory: int | None) -> str:
    time = "?" if seconds is None else f"{seconds:.1f} s"
    head = f"{name}\n{'':<53}" if len(name) > 53 else f"{name:<53}"
    return f"{head} {lacking:>7} {time:>9} {size(memory):>8}"


def verified(figures: "Sequence[Figure]") -> str:
    """The state of every cell, with the check that decided it."""
    rows = []
    for figure in figures:
        rows.append((figure.state, wrapped(f"{figure.cell['workload']} by {_backend(figure)}")))
        rows.append(("", figure.note or _check(figure)))
    return f"{table(rows, 12)}\n\n{_verified_of(figures)}"


def _verified_of(figures: "Sequence[Figure]") -> str:
    return f"{sum(figure.verified for figure in figures)} of {len(figures)} cells verified."


def _check(figure: "Figure") -> str:
    check = figure.counted[-1]["verification"]
    metric = "no number" if check["metric"] is None else f"{check['metric']:.2g}"
    return f"{check['tier']}: {check['name']} {metric}, at most {check['tolerance']:.2g}; by {check['reference']}"


def shown(figures: "Sequence[Figure]", floor: float | None) -> str:
    """The results of one machine: the answer, a table per workload with the fastest backend, then how to read them."""
    from hybrid.bench.contests import contests
    from hybrid.bench.headline import headline

    groups = contests(figures, floor)
    answer = wrapped(" ".join(headline(groups)))
    return "\n\n".join([answer, *map(_contest, groups), _machine(figures), *_notes_on_all(figures, floor)])


def _machine(figures: "Sequence[Figure]") -> str:
    env = figures[0].environment
    packages = {f"{name} {version}" for figure in figures for name, version in figure.environment["versions"].items()}
    where = f"{env['host']}: {env['cpu']}, {env['cores']} cores, governor {env['governor']}"
    return "\n".join([wrapped(where), wrapped(", ".join(sorted(packages)), indent=2)])


def _contest(contest: "Contest") -> str:
    cell = contest.asked.cell
    asked = [cell["task"], f"{cell['n_qubits']} qubits"]
    asked += [f"{cell['n_points']} points a call"] if cell["n_points"] > 1 else []
    asked += [f"{cell['shots']:,} shots"] if cell["shots"] else []
    head = wrapped(f"{cell['workload']}  {', '.join(asked)}", indent=2)
    title = f"  {'backend':<{NAME}}{'per call':>{TIME}}{'first':>{FIRST}}{'memory':>{MEMORY}}"
    ranks = contest.outcome in ("won", "undecided")
    title += "  rank" if ranks else ""
    lines = []
    for figure, place in [*zip(contest.ranked, contest.places, strict=True), *((figure, None) for figure in contest.rest)]:
        no_rank = "-" if ranks else ""
        rank = figure.state.upper() if not figure.verified else no_rank if place is None else str(place)
        name = _backend(figure)
        head_of_line = f"  {name}\n  {'':<{NAME}}" if len(name) > NAME - 1 else f"  {name:<{NAME}}"
        lines.append(
            f"{head_of_line}{_per_call(figure):>{TIME}}{duration(figure.first_s):>{FIRST}}"
            f"{size(figure.memory_bytes):>{MEMORY}}  {rank}".rstrip()
        )
        lines += [wrapped(note, first="      ", indent=6) for note in _notes(figure)]
    return "\n".join([head, *_verdict_of(contest), title, *lines])


def _verdict_of(contest: "Contest") -> list[str]:
    """A line that names the fastest backend; none where only one was measured or there are too few processes."""
    from hybrid.bench.headline import ahead

    if contest.outcome == "won":
        first, second = contest.ranked[:2]
        text = f"{_backend(first)} wins: {multiple(*contest.margin(second))} faster than {_backend(second)}"
    elif contest.outcome == "undecided":
        text = f"undecided between {' and '.join(map(_backend, contest.tied))}"
        margins = [
            f"{multiple(*contest.margin(figure))} {_backend(figure)}" for figure in contest.tied[1:] if ahead(contest, figure)
        ]
        text += f"; {_backend(contest.tied[0])} is ahead, not decided: {', '.join(margins)}" if margins else ""
    else:
        return []
    return [wrapped(text, first="  ", indent=4)]


def _backend(figure: "Figure") -> str:
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
    notes += [f"no check applies; agrees with {figure.partner} (L3)"] if figure.partner else []
    if figure.without_checksum:
        notes.append(f"{figure.without_checksum} of {len(figure.counted)} rows without checksum")
    if figure.traffic is not None and figure.copy_rate is not None:
        times = figure.traffic / figure.copy_rate
        notes.append(f"moves {size(figure.traffic)}/s, gate by gate; a copy {size(figure.copy_rate)}/s ({times:.2g} times)")
    used = figure.cores_used
    if used is not None and used > figure.cell["threads"] + CORES_SLACK:
        notes.append(f"used {used:.1f} processors, was given {figure.cell['threads']}")
    return notes


def _notes_on_all(figures: "Sequence[Figure]", floor: float | None) -> list[str]:
    from hybrid.bench.looks import level
    from hybrid.bench.summary import were_announced

    few = min((len(figure.seconds) for figure in figures if figure.verified), default=0)
    parts = [LEGEND, f"significantly: {level(were_announced(figures))}, over all pairs."]
    if few < ENOUGH:
        parts.append(f"{_processes(few)} per cell: too few for a verdict on speed, which needs about {ENOUGH}.")
    parts.append(floor_text(floor) if floor is not None else "No A/A floor measured here (hybrid bench null): 5 % is assumed.")
    if len({figure.sessions for figure in figures if figure.verified}) > 1:
        parts.append("Measured in different sessions: drift of the machine is not controlled.")
    return ["\n".join(map(wrapped, parts)), _verified_of(figures)]


def floor_text(floor: float) -> str:
    """The A/A floor, and the smallest change that counts."""
    return f"A/A floor of this machine: {100 * floor:.1f} %; a change must exceed {100 * max(0.05, floor):.1f} %."
