"""Lists of runs, runs, comparisons and replays as text."""

import time
from itertools import pairwise
from os.path import commonprefix
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hybrid.base.errors import shortened
from hybrid.base.uncertainty import shots_text, with_uncertainty
from hybrid.cli.layout import COLUMNS, table, terminal_columns, wrapped
from hybrid.cli.next_command import run_command, written_out
from hybrid.cli.report import WIDTH, result_text, spaced
from hybrid.review.difference import Change, Difference
from hybrid.runs.results_folder import Glance, Run, place, short
from hybrid.runs.spec import FIRST_DEFAULTS

if TYPE_CHECKING:
    from hybrid.review.cross_check import CrossCheck
    from hybrid.review.replay import Repetition

SHORTEST_ID = 6
HEADS = ("id", "written", "run", "device", "shots", "seed", "value", "gap", "state")
RIGHT = ("shots", "seed", "value", "gap")
FLEXIBLE = {"run": 8, "device": 6}
"""Columns that are narrowed where the terminal is too narrow, and their least width."""
MOST_NUMBERS, WORST_NUMBERS = 20, 10


def listed(shown: list[Glance], all_glances: list[Glance], results: Path) -> str:
    """A table as wide as the terminal; ids as short as they can be among all runs of the folder."""
    if not all_glances:
        return f"there are no runs in {results}."
    ids = _unique([glance.id for glance in all_glances])
    year = time.localtime().tm_year
    rows = [_cells(glance, ids[glance.id], year) for glance in shown]
    widths = [max(len(head), *(len(row[i]) for row in rows if len(row) == len(HEADS)), 0) for i, head in enumerate(HEADS)]
    widths[0] = max(len(row[0]) for row in rows)
    room = terminal_columns()
    while sum(widths) + len(HEADS) - 1 > room:
        name = max(FLEXIBLE, key=lambda name: widths[HEADS.index(name)] - FLEXIBLE[name])
        if widths[HEADS.index(name)] <= FLEXIBLE[name]:
            break
        widths[HEADS.index(name)] -= 1
    return "\n".join(_line(row, widths, room) for row in [HEADS, *rows])


def _unique(ids: list[str]) -> dict[str, str]:
    """Every id with its first digits, as many as no other id shares."""
    ordered = sorted(ids)
    shared = [len(commonprefix(pair)) for pair in pairwise(ordered)]
    needed = [max(one, other) + 1 for one, other in zip([0, *shared], [*shared, 0], strict=True)]
    return {name: name[: max(SHORTEST_ID, length)] for name, length in zip(ordered, needed, strict=True)}


def _cells(glance: Glance, name: str, year: int) -> tuple[str, ...]:
    head = (shortened(name, 14), _when(glance.written, year))
    if glance.started is None:
        return (*head, shortened(glance.why.removeprefix(f"{glance.record}:").strip(), COLUMNS), glance.state)
    value = "" if glance.value is None else f"{with_uncertainty(glance.value, glance.stderr or 0.0, 6)} {glance.unit}".rstrip()
    gap = "" if glance.gap is None else f"{glance.gap:.2g}"
    shots = str(glance.shots) if glance.shots else "exact"
    middle = (shortened(f"{glance.algorithm} {glance.problem}"), shortened(glance.device), shots, str(glance.seed))
    return (*head, *middle, value, gap, glance.state)


def _when(seconds: float, year: int) -> str:
    """Local day and time; for an earlier year the day."""
    then = time.localtime(seconds)
    return time.strftime("%m-%d %H:%M" if then.tm_year == year else "%Y-%m-%d", then)


def _line(row: tuple[str, ...], widths: list[int], columns: int) -> str:
    if len(row) < len(HEADS):
        name, when, why, state = row
        room = columns - widths[0] - widths[1] - len(state) - 3
        row, widths = (name, when, shortened(why, room), state), [widths[0], widths[1], room, len(state)]
        return " ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    cells = [cell if len(cell) <= width else cell[: width - 1] + "~" for cell, width in zip(row, widths, strict=True)]
    sides = [">" if head in RIGHT else "<" for head in HEADS]
    line = " ".join(f"{cell:{side}{width}}" for cell, side, width in zip(cells, sides, widths, strict=True))
    return line.rstrip()[:columns]


def shown(run: Run) -> str:
    """The report of a finished run or the state of an unfinished one, then how it was made."""
    spec: Any = SimpleNamespace(**FIRST_DEFAULTS | run.about["given"])
    report = result_text(run.result, spec) if run.result else _unfinished(run, spec)
    versions = ", ".join(f"{name} {version}" for name, version in run.about.get("versions", {}).items())
    made = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.about["time"]))
    rows = [
        ("x", ", ".join(f"{value:.6g}" for value in run.x) if run.x else ""),
        ("answers", f"{run.n_answers}; the checksum of every line is right"),
        ("started", f"{made} on {run.about.get('host', '?')}"),
        ("in", str(run.about["folder"])),
        ("versions", versions),
    ]
    return f"{report}\n\n{table(rows, WIDTH)}"


def _unfinished(run: Run, spec: Any) -> str:
    resolved = run.resolved
    title = _title(run)
    if resolved["ansatz"]:
        title += f"; ansatz {resolved['ansatz']}"
    if resolved["optimizer"]:
        title += f"; optimizer {resolved['optimizer'].partition(':')[0]}"
    value = f"{with_uncertainty(*run.last_value)} {run.about['unit']}".rstrip() if run.last_value else "none yet"
    spent = run.spent
    rows = [
        (f"last {run.about.get('loss', run.about['quantity'])}", value),
        ("evaluations", f"{spent:,} so far" + (f", in iteration {run.answers[-1]['iteration']}" if run.answers else "")),
        ("record", str(run.path)),
        ("continue", run_command(written_out(spec), run.path.parent)),
    ]
    return f"{wrapped(spaced(f'unfinished: {title}'), indent=2)}\n\n{table(rows, WIDTH)}"


def _title(run: Run) -> str:
    given = run.about["given"]
    return f"{short(given['algorithm'])} of {short(given['problem'])} on {place(run.about, run.resolved)}"


def compared(a: Run, b: Run, differences: Difference) -> str:
    """How two runs differ, in 80 columns."""
    heads = [("A", f"{a.path}: {_title(a)}{_state(a)}"), ("B", f"{b.path}: {_title(b)}{_state(b)}")]
    parts = [table(heads, 1)]
    parts.append(_changes("inputs", differences.inputs, "the same"))
    parts.append(_changes("versions and host (not inputs)", differences.circumstances, "the same"))
    return "\n\n".join([*parts, f"outcome\n{table(_outcome(a, b, differences), WIDTH)}"])


def _state(run: Run) -> str:
    return "" if run.stop else " (unfinished)"


def _changes(title: str, changes: list[Change], none: str) -> str:
    rows = [(f"  {change.what}", f"A {_shown(change.a)}\nB {_shown(change.b)}") for change in changes]
    return f"{title}\n{table(rows, max(WIDTH, *(len(label) for label, _ in rows)))}" if rows else f"{title}: {none}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(f"{number:.6g}" for number in value)
    return "-" if value is None else spaced(str(value))


def _outcome(a: Run, b: Run, differences: Difference) -> list[tuple[str, str]]:
    rows = []
    for name, run, value, stderr in (
        ("A", a, differences.a, differences.a_stderr),
        ("B", b, differences.b, differences.b_stderr),
    ):
        shown = "none yet" if value is None else f"{with_uncertainty(value, stderr or 0.0)} {run.about['unit']}".rstrip()
        last = "" if run.stop else "last "
        spent = run.spent
        rows.append((f"  {last}{run.about['quantity']} {name}", f"{shown}  after {spent:,} evaluations"))
    if differences.difference is None:
        rows.append(("  difference", "none: the runs measure different quantities, or nothing yet"))
    else:
        shown = (
            f"{differences.difference:.3g} +- {differences.stderr:.2g}"
            if differences.stderr
            else f"{differences.difference:.6g}"
        )
        chance = (
            f"  {abs(differences.sigmas or 0):.1f} sigma, p {_chance(differences.p)} (two-sided)"
            if differences.p is not None
            else "  both exact"
        )
        rows.append(("  A - B", f"{shown} {a.about['unit']}".rstrip() + chance))
    for name, unit, va, sa, vb, sb, sigmas in differences.quantities:
        apart = "" if sigmas is None else f"  {abs(sigmas):.1f} sigma"
        shown = f"A {with_uncertainty(va, sa)}, B {with_uncertainty(vb, sb)} {unit}".rstrip()
        rows.append((f"  {name}", f"{shown}{apart}"))
    if differences.sigmas is not None:
        rows.append(("", "each measured at its own x"))
    both = a.stop is not None and b.stop is not None
    rows.append(("  digests", "equal" if differences.same_digest else "differ" if both else "none while unfinished"))
    if differences.parting is None:
        rows.append(("  answers", "all equal"))
    else:
        n, question, (what, va, vb) = differences.parting
        rows.append(("  first differ", f"in answer {n} ({question}): {what}\nA {_shown(va)}\nB {_shown(vb)}"))
    return rows


def repeated(repetition: "Repetition") -> str:
    """Whether a record agrees with what its inputs give today."""
    upto = "" if repetition.finished else ", as far as the unfinished record goes"
    digest = f", digest {repetition.digest[:12]}" if repetition.digest else ""
    if repetition.verdict == "identical":
        lines = [f"identical: {_answers(repetition.answers)}{digest}{upto}"]
    elif repetition.verdict == "last digits":
        lines = [
            f"agrees except for rounding: {repetition.differing} of {_answers(repetition.answers)}{upto} differ, "
            f"by {repetition.largest:.1g} of the answer's largest number at most"
        ]
    elif repetition.verdict == "compiled otherwise":
        lines = [
            f"compiled otherwise: {repetition.differing} of {_answers(repetition.answers)}{upto} differ. Another version of "
            "the compiler orders pulses differently, so this says nothing about the record"
        ]
    else:
        lines = [f"DIFFERS: {repetition.differing} of {_answers(repetition.answers)}{upto}"]
    if repetition.first:
        lines.append(f"first in {_part(repetition)}")
    if repetition.threads[0] != repetition.threads[1]:
        lines.append(f"threads: {repetition.threads[0]} then, {repetition.threads[1]} now")
    lines += [f"{change.what}: {_shown(change.a)} then, {_shown(change.b)} now" for change in repetition.today]
    return "\n".join(wrapped(line, indent=2) for line in lines)


def _answers(count: int) -> str:
    return f"{count} answer{'' if count == 1 else 's'}"


def _part(repetition: "Repetition") -> str:
    n, question, quantity, recorded, measured = repetition.first or (0, "", "", 0.0, 0.0)
    if question == "solution":
        return f"the solution, {quantity}: recorded {recorded}, {measured} follows from the answers"
    return (
        f"answer {n} ({question}), {quantity}: recorded {recorded!r}, measured {measured!r}, "
        f"difference {measured - recorded:.3g}"
    )


def repetition_failure(repetition: "Repetition") -> str:
    """The error message of a replay that failed; empty where it did not."""
    return f"the record is not confirmed: it first differs in {_part(repetition)}." if repetition.verdict == "different" else ""


def cross_checked(check: "CrossCheck") -> str:
    """A record compared with what was measured elsewhere."""
    recorded = f"{spaced(check.recorded_backend)} on {check.recorded_device}, {shots_text(check.recorded_shots)}"
    asked = f"{spaced(check.backend)} on {check.device}, {shots_text(check.shots)}: {check.simulator}"
    upto = "" if check.finished else ", as far as the unfinished record goes"
    numbers = sum(len(answer.z) for answer in check.answers)
    rows = [("recorded", recorded), ("measured", asked)]
    totals = [("numbers", f"{numbers} in {_answers(len(check.answers))}{upto}")]
    if check.p is not None:
        totals.append(("chi squared", f"{check.chi_squared:.1f} over {check.degrees} numbers: p {_chance(check.p)}"))
        totals.append(
            ("worst", f"answer {check.worst}: p {_chance(check.worst_p or 0.0)} among {_answers(len(check.answers))} (Holm)")
        )
    if check.degrees < numbers:
        unequal = f"{check.unequal} of {_answers(len(check.answers))} differ" if check.unequal else "equal"
        totals.append(("exact numbers", f"{unequal} to nine digits"))
    verdict = "agree: no significant difference" if check.agrees else "DO NOT AGREE"
    return f"{table(rows, WIDTH)}\n\n{_numbers(check)}\n\n{table([*totals, ('verdict', verdict)], WIDTH)}"


def _chance(p: float) -> str:
    return f"= {p:.2g}" if p > 0 else "< 1e-300"


def _numbers(check: "CrossCheck") -> str:
    """A line per number; of many only the worst."""
    lines = []
    for answer in check.answers:
        columns = (answer.quantities, answer.recorded, answer.recorded_stderr, answer.measured, answer.measured_stderr)
        for name, a, sa, b, sb, z, p in zip(*columns, answer.z, answer.p_each, strict=True):
            chance = "" if z is None else f"{z:>6.2f} {p:>7.2g}"
            texts = f"{with_uncertainty(a, sa, 9):>13} {with_uncertainty(b, sb, 9):>13} {a - b:>8.1g}"
            badness = (p is not None, 0.0 if p is None else p, -abs(a - b))
            lines.append((badness, f"{answer.n:>5} {answer.question:<9}{name:<12} {texts} {chance}".rstrip()))
    chance = f" {'z':>6} {'p':>7}" if check.degrees else ""
    head = f"{'n':>5} {'question':<9}{'':<12} {'recorded':>13} {'measured':>13} {'differ':>8}{chance}"
    if len(lines) <= MOST_NUMBERS:
        return "\n".join([head, *(line for _, line in lines)])
    worst = sorted(lines)[:WORST_NUMBERS]
    rest = f"and {len(lines) - len(worst)} with smaller differences; --json has all"
    return "\n".join([head, *(line for _, line in worst), f"{'':>6}{rest}"])


def cross_check_failure(check: "CrossCheck") -> str:
    """The error message of a cross-check that failed; empty where it did not."""
    if check.agrees:
        return ""
    if check.unequal:
        return f"the record and {check.backend} on {check.device} do not agree: {check.unequal} exact answers differ."
    p = min(check.p or 0.0, check.worst_p or 0.0)
    return f"the record and {check.backend} on {check.device} do not measure the same: p {_chance(p)}, below 0.001."


def signed(signature: Any) -> str:
    """Whose signature a record has."""
    whose = signature.identity or "whose key it is, --allowed FILE says"
    return wrapped(f"{signature.record}: signed with {signature.kind} key {signature.fingerprint} ({whose}); {signature.file}")
