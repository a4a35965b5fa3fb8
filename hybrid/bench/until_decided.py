"""Cells measured until their questions are decided, at the announced looks."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hybrid.bench import run as running
from hybrid.bench.contests import Contest, contests
from hybrid.bench.environment import here, same_machine
from hybrid.bench.harness import Harness
from hybrid.bench.looks import LOOKS
from hybrid.bench.measurable import Measurable
from hybrid.bench.rows import NULL_SUITE, Row
from hybrid.bench.run import ProcessDone
from hybrid.bench.statistics import LEAST_CHANGE
from hybrid.bench.summary import figures, measured_floor


def run_until_decided(
    cells: Sequence[Measurable],
    path: Path,
    bench: Harness,
    *,
    suite: str = "",
    seed: int = 0,
    retry: bool = False,
    watch: Callable[[ProcessDone], None] = lambda step: None,
    note: Callable[[str], None] = lambda text: None,
) -> list[Row]:
    """Measure every cell up to the first look, then at each look those that are still tied in an undecided question.

    The same call continues a file, and changes nothing where all is done. Raises as `hybrid.bench.run.run`.
    """
    session, due, rows = running.new_session(), list(cells), []
    for number, look in enumerate(LOOKS):
        if number:
            note(f"{len(due)} cells are undecided after {LOOKS[number - 1]} processes: measuring {look}")
        options = {"suite": suite, "seed": seed, "retry": retry and not number, "looks": LOOKS, "session": session}
        rows = running.run(due, path, bench, processes=look, watch=watch, **options)
        open_ids = undecided(rows, {cell.id for cell in cells}, look)
        due = [cell for cell in due if cell.id in open_ids]
        if not due or bench.interrupted():
            break
    return rows


def undecided(rows: Sequence[Row], wanted: set[str], look: int) -> set[str]:
    """Ids of the cells that a look leaves open; what was measured after it, or on another machine, does not count.

    A tie that more processes could not break is not open: its intervals leave no change above the least one that counts.
    """
    machine = here()
    floor = measured_floor(rows, machine)
    on_this = [row for row in rows if row["cell_id"] in wanted and same_machine(row["environment"], machine)]
    change = 1 + max(LEAST_CHANGE, floor or 0.0)
    ids: set[str] = set()
    for contest in contests(figures(_until(on_this, look)), floor):
        ids |= {figure.rows[0]["cell_id"] for figure in _open(contest, change)}
    return ids


def _open(contest: Contest, change: float) -> list:
    if contest.outcome == "too few":
        return contest.ranked
    if contest.outcome != "undecided":
        return []
    first, *others = contest.tied
    others = [figure for figure in others if contest.margin(figure)[2] > change]
    return [first, *others] if others else []


def _until(rows: Sequence[Row], look: int) -> list[Row]:
    """The rows of each cell's latest environment here, so many of them as the look has."""
    latest = {row["cell_id"]: row["env_id"] for row in rows if not row["suite"].startswith(NULL_SUITE)}
    kept: dict[str, list[Row]] = {}
    for row in rows:
        if not row["suite"].startswith(NULL_SUITE) and row["env_id"] == latest[row["cell_id"]]:
            kept.setdefault(row["cell_id"], []).append(row)
    return [row for of_cell in kept.values() for row in of_cell[:look]]
