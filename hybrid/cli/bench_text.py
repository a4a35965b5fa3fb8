"""Benchmarks as text for a terminal of 80 columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hybrid.base.machine import memory_bytes
from hybrid.bench.units import duration, multiple, size
from hybrid.cli.layout import table, wrapped
from hybrid.cli.progress import clock

if TYPE_CHECKING:
    from hybrid.bench.contests import Contest
    from hybrid.bench.forecast import BenchPlan
    from hybrid.bench.run import ProcessDone
    from hybrid.bench.suites import Suite
    from hybrid.bench.summary import Figure

NAME, TIME, FIRST, MEMORY = 32, 14, 9, 9
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


def progress(step: "ProcessDone") -> str:
    """One line while it runs: the cell just measured."""
    cell = step.row["cell"]
    left = f", about {clock(step.seconds_left)} left" if step.seconds_left >= 1 else ""
    return f"{step.done}/{step.total}{left}  {cell['workload']} by {cell['backend']}: {step.row['status']}"


def planned(plan: "BenchPlan") -> str:
    """Cells, what is known of their time, and the sum."""
    title = f"{'cell':<53} {'lacking':>7} {'a process':>9} {'memory':>8}"
    lines = [_row(str(p.cell), p.lacking, p.seconds, p.memory_bytes) for p in plan.cells]
    lacking = sum(p.lacking for p in plan.cells)
    each = f"{plan.processes} process{'es' * (plan.processes > 1)} each"
    total = f"{len(plan.cells)} cells, {each}; {lacking} processes lacking, about {clock(plan.seconds)}"
    largest = max((p.memory_bytes for p in plan.cells if p.lacking and p.memory_bytes), default=0)
    memory = f"; the largest dense state takes {size(largest)}" if largest else ""
    has, _ = memory_bytes()
    if beyond := sum((p.memory_bytes or 0) > has for p in plan.cells if p.lacking):
        many = f"{beyond} cell{'' if beyond == 1 else 's'}"
        memory += f", and {many} more than the {size(has)} of this machine, which will end as oom"
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
    """Every question of one machine with those who answered it, who won, and what that rests on."""
    from hybrid.bench.contests import contests

    return "\n\n".join([_machine(found), *map(_contest, contests(found, floor)), *_fine_print(found, floor)])


def _machine(found: "Sequence[Figure]") -> str:
    """Where and by what it was measured."""
    env = found[0].environment
    packages = {f"{name} {version}" for figure in found for name, version in figure.environment["versions"].items()}
    where = f"{env['host']}: {env['cpu']}, {env['cores']} cores, governor {env['governor']}"
    return "\n".join([wrapped(where), wrapped(", ".join(sorted(packages)), indent=2)])


def _contest(contest: "Contest") -> str:
    cell = contest.asked.cell
    asked = [cell["task"], f"{cell['n_qubits']} qubits"]
    asked += [f"{cell['n_points']} points a call"] if cell["n_points"] > 1 else []
    asked += [f"{cell['shots']:,} shots"] if cell["shots"] else []
    head = wrapped(f"{cell['workload']}  {', '.join(asked)}", indent=2)
    title = f"  {'backend':<{NAME}}{'per call':>{TIME}}{'first':>{FIRST}}{'memory':>{MEMORY}}  rank"
    lines = []
    for figure, place in [*zip(contest.ranked, contest.places, strict=True), *((figure, None) for figure in contest.rest)]:
        rank = figure.state.upper() if not figure.verified else "-" if place is None else str(place)
        who = _who(figure)
        head_of_line = f"  {who}\n  {'':<{NAME}}" if len(who) > NAME - 1 else f"  {who:<{NAME}}"
        lines.append(
            f"{head_of_line}{_per_call(figure):>{TIME}}{duration(figure.first_s):>{FIRST}}"
            f"{size(figure.memory_bytes):>{MEMORY}}  {rank}".rstrip()
        )
        lines += [wrapped(note, first="      ", indent=6) for note in _notes(figure)]
    return "\n".join([head, *_verdict_of(contest), title, *lines])


def _verdict_of(contest: "Contest") -> list[str]:
    """One line on who won; none where there was nobody to beat, or no verdict to be had."""
    if contest.outcome == "won":
        first, second = contest.ranked[:2]
        told = f"{_who(first)} wins: {multiple(*contest.margin(second))} faster than {_who(second)}"
    elif contest.outcome == "undecided":
        level = [_who(figure) for figure, place in zip(contest.ranked, contest.places, strict=True) if place == 1]
        told = f"undecided between {' and '.join(level)}"
    else:
        return []
    return [wrapped(told, first="  ", indent=4)]


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
