"""A survey of one's own run: backends judged, probed, measured, and followed to other widths."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from math import exp, floor, inf, log, log2
from pathlib import Path
from typing import Any

from hybrid.base.errors import UsageError
from hybrid.base.machine import memory_bytes
from hybrid.bench import run as running
from hybrid.bench.harness import Harness
from hybrid.bench.mine import questions
from hybrid.bench.mine.answer import MOST_WIDTH, Growth, Rated, Survey, Width
from hybrid.bench.mine.cells import Judgements, OwnCell, cells
from hybrid.bench.mine.judgement import judged
from hybrid.bench.mine.questions import ENERGY, OwnRun
from hybrid.bench.rows import Row
from hybrid.bench.run import ProcessDone
from hybrid.bench.summary import Figure, figures
from hybrid.bench.until_decided import run_until_decided
from hybrid.runs.spec import Spec

SLOW = 10.0
"""A backend that a probe of one process finds so many times slower, on the fewest threads, is not measured again."""
REFERENCES = ("reference", "aer:method=density_matrix", "exact")
"""Judges, the first that can: each is judged by the next of another kind."""
WIDTHS = (-2, 0, 2, 4)
STATE_WIDTH = 14
"""From here on the state takes more memory than its circuits."""
FOLLOWED = 3
"""So many of the fastest backends are followed to other widths."""
DENSE, AMPLITUDE_BYTES = ("qulacs", "lightning", "qsim"), 16
"""Simulators without a formula of their memory that hold a state vector, in double precision."""
Watch = Callable[[str], None]


def survey(
    spec: Spec,
    backends: Sequence[str],
    threads: Sequence[int],
    path: Path,
    bench: Harness,
    *,
    processes: int,
    probe_limit_s: float,
    grow: bool = True,
    until_decided: bool = False,
    seed: int = 0,
    watch: Watch = lambda text: None,
    step: Callable[[ProcessDone], None] = lambda done: None,
) -> Survey:
    """Judge, probe and measure; rows go to `path`, where what is there is not measured again.

    UsageError for a run that cannot be prepared, and for members that do not exist.
    """
    asked, judgements = questions.asked(spec), Judgements()
    every = cells(asked, backends, threads, judgements)
    refused, judges = _judge(asked, every, bench, judgements, watch)
    fewest, most = min(threads), max(threads)
    probed = [c for c in every if c.question.name == ENERGY and c.threads == fewest and _key(c) not in refused]
    short = replace(bench, limits=bench.limits._replace(time_s=probe_limit_s))
    watch("probing every backend with one process")
    rows = _run(probed, path, short, 1, seed, step)
    found = _by_cell(rows)
    typical = [f.typical_s for c in probed if (f := found.get(c.id)) and f.verified and f.typical_s is not None]
    limit = SLOW * min(typical, default=inf) * most / fewest  # as if threads divided the time
    kept = {_key(c) for c in probed if (f := found.get(c.id)) and f.verified and (f.typical_s or inf) <= limit}
    full = [cell for cell in every if _key(cell) in kept]
    watch("measuring the fast ones")
    if until_decided:
        energies = [cell for cell in full if cell.question.name == ENERGY]
        run_until_decided(energies, path, bench, seed=seed, watch=step, note=watch)
    rows = _run(full, path, bench, processes, seed, step)
    rated = _rated(asked, every, _by_cell(rows), judgements, refused)
    growth, why = _growth(asked, rated, path, short, seed, watch, step) if grow else ((), "not asked for")
    return Survey(asked, rated, judges, growth, why, processes, rows[0]["environment"] if rows else {})


def _run(
    chosen: Sequence[OwnCell], path: Path, bench: Harness, processes: int, seed: int, step: Callable[[ProcessDone], None]
) -> list[Row]:
    return running.run(chosen, path, bench, processes=processes, seed=seed, watch=step)


def _by_cell(rows: Sequence[Row]) -> dict[str, Figure]:
    return {figure.rows[0]["cell_id"]: figure for figure in figures(rows)}


def _key(cell: OwnCell) -> str:
    return cell.plain["backend"]


def _judge(
    asked: OwnRun, every: Sequence[OwnCell], bench: Harness, judgements: Judgements, watch: Watch
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Fill in the verdicts; backends that cannot do it, with the reason, and the judges that were used."""
    refused: dict[str, str] = {}
    seen: dict[str, Any] = {}

    def of(cell: OwnCell) -> Any:
        name = _key(cell)
        if name not in seen and not bench.interrupted():
            watch(f"judging {name}")
            if cell.refusal:
                return seen.setdefault(name, None)
            outcome = bench.evidence(cell)
            key = "answers" if cell.foreign else "evidence"
            seen[name] = outcome.report.get(key) if outcome.status == "ok" else None
            if outcome.status in ("unsupported", "unavailable"):
                refused[name] = outcome.note
        return seen.get(name)

    judges = {}
    for cell in cells(asked, REFERENCES, [1], judgements)[: len(REFERENCES)]:
        evidence = of(cell) if len(judges) < 2 else None
        if evidence is not None and all("exact" in query for query in evidence["queries"]):
            judges[cell.backend.signature.name] = (_key(cell), evidence)
    refused.clear() if not judges else None
    refused |= {_key(cell): why for cell in every if (why := cell.refusal)}
    for cell in {_key(cell): cell for cell in every}.values():
        own = of(cell)
        other = next((pair for name, pair in judges.items() if name != cell.backend.signature.name), None)
        if own and cell.foreign:
            judgements.verdicts[_key(cell)] = cell.plain_run.judged(own[0])
        elif own is not None and other is not None:
            precision = str(cell.backend.options.get("precision", "double"))
            judgements.verdicts[_key(cell)] = judged(own, other[1], other[0], precision)
    return refused, tuple(name for name, _ in judges.values())


def _rated(
    asked: OwnRun, every: Sequence[OwnCell], found: dict[str, Figure], judgements: Judgements, refused: dict[str, str]
) -> tuple[Rated, ...]:
    by_backend: dict[tuple[str, int], dict[str, OwnCell]] = {}
    for cell in every:
        by_backend.setdefault((_key(cell), cell.threads), {})[cell.question.name] = cell
    rated = []
    fewest = min(cell.threads for cell in every)
    for (name, threads), of_questions in by_backend.items():
        energy = found.get(of_questions[ENERGY].id)
        if energy is None and threads != fewest:
            continue
        step = found.get(of_questions[asked.step_question.name].id)
        why = refused.get(name, "") or ("" if energy is None else energy.note)
        given = of_questions[ENERGY].backend_text
        rated.append(Rated(name, threads, judgements.verdicts.get(name), energy, step, why, given))
    return tuple(sorted(rated, key=lambda one: (not one.right, (one.energy and one.energy.typical_s) or inf)))


def _growth(
    asked: OwnRun,
    rated: Sequence[Rated],
    path: Path,
    bench: Harness,
    seed: int,
    watch: Watch,
    step: Callable[[ProcessDone], None],
) -> tuple[tuple[Growth, ...], str]:
    """The fastest right backends of different methods at other widths: one process each, its time within the probe's limit."""
    n = asked.n_qubits
    followed = _followed(rated)
    if not followed:
        return (), "no backend was right"
    wider: dict[int, OwnRun] = {}
    try:
        for width in (n + more for more in WIDTHS if n + more >= 2):
            wider[width] = asked if width == n else questions.asked(questions.at_width(asked.spec, width))
    except UsageError as error:
        if len(wider) < 2:
            return (), str(error)
    grown = []
    for one in followed:
        widths = []
        for width, of_width in wider.items():
            if widths and widths[-1].note:  # a wider one takes longer
                widths.append(widths[-1]._replace(n=width))
                continue
            watch(f"{one.text} on {width} qubits")
            (cell,) = [c for c in cells(of_width, [one.given], [one.threads], Judgements()) if c.question.name == ENERGY]
            figure = one.energy if width == n else _by_cell(_run([cell], path, bench, 1, seed, step)).get(cell.id)
            widths.append(_measured(width, figure))
        grown.append(Growth(one.text, _extrapolated(widths), _stops(asked, one.given)))
    return tuple(grown), ""


def _followed(rated: Sequence[Rated]) -> list[Rated]:
    """The fastest of each simulator and method, the right ones alone; those with a time only."""
    kinds: dict[str, Rated] = {}
    for one in rated:
        if one.right:
            kind = ",".join(item for item in one.text.split(",") if not item.startswith("precision"))
            kinds.setdefault(kind, one)
    return list(kinds.values())[:FOLLOWED]


def _measured(n: int, figure: Figure | None) -> Width:
    if figure is None or figure.typical_s is None:
        return Width(n, None, False, "" if figure is None else figure.note)
    return Width(n, figure.typical_s, False)


def _extrapolated(widths: Sequence[Width]) -> tuple[Width, ...]:
    """Times that were not measured, by the growth per qubit between the last two that were, marked; none where time did not
    grow there."""
    known = [(width.n, width.seconds) for width in widths if width.seconds is not None]
    if len(known) < 2 or known[-1][1] <= known[-2][1]:
        return tuple(widths)
    (a, a_s), (b, b_s) = known[-2:]
    rate = log(b_s / a_s) / (b - a)
    return tuple(
        width if width.seconds is not None else width._replace(seconds=b_s * exp(rate * (width.n - b)), extrapolated=True)
        for width in widths
    )


def _stops(asked: OwnRun, text: str) -> int | None:
    """The last width whose memory this machine has: the backend's own formula at two widths, and its growth from there; None
    beyond MOST_WIDTH, and where the formula says nothing."""
    n = asked.n_qubits
    if text.partition(":")[0] in DENSE:
        return min(MOST_WIDTH, floor(log2(memory_bytes()[0] / AMPLITUDE_BYTES)))
    for first in (max(n + WIDTHS[-1], STATE_WIDTH), n):
        with suppress(UsageError):
            a, b = (
                questions.memory_bytes(replace(questions.at_width(asked.spec, w), backend=text)) for w in (first, first + 2)
            )
            rate = log(b / a) / 2 if a and b else 0.0
            if rate <= 0:
                return None
            width = first + 2 + floor(log(memory_bytes()[0] / b) / rate)
            return width if width <= MOST_WIDTH else None
    return None
