"""The report's tables: cells, statuses, tiers, environments."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hybrid.base.uncertainty import with_uncertainty
from hybrid.bench import naming
from hybrid.bench.contests import contests
from hybrid.bench.scores import ROUNDING, Score
from hybrid.bench.summary import Figure
from hybrid.bench.units import duration, size
from hybrid.figures.bench_page.words import STATES, TIERS
from hybrid.figures.markup import Markup, tag

COLUMNS = (
    *("workload", "qubits", "backend", "status", "rank", "per call", "spread", "first call", "memory", "error / tolerance"),
    *("processes", "task", "path", "threads", "checked by", "note"),
)
SCORED = ("circuit", "qubits", "score", "rescaled", "perfect shots", "two-qubit depth", "duration", "note")
NUMBERS = {
    *("qubits", "threads", "rank", "per call", "spread", "first call", "memory", "error / tolerance", "processes"),
    *("score", "rescaled", "perfect shots", "two-qubit depth", "duration"),
}


class Entry(NamedTuple):
    """What a table's field shows, and the number it is sorted by (the text, if None)."""

    text: str | Markup
    value: float | None = None


def cells(results: Sequence[Figure], floor: float | None) -> Markup:
    """Every cell of one machine, question by question, with its rank."""
    rows = []
    for contest in contests(results, floor):
        ranked = zip(contest.ranked, contest.places, strict=True)
        rows += [(_cell(figure, rank), figure.state) for figure, rank in ranked]
        rows += [(_cell(figure, None), figure.state) for figure in contest.rest]
    return sortable(COLUMNS, rows)


def _cell(figure: Figure, rank: int | None) -> list[Entry]:
    cell, verdict = figure.cell, figure.counted[-1]["verification"]
    ratio, bare = error(figure), figure.without_checksum
    checked = f"{verdict['tier']}: {verdict['reference']}" if verdict else ""
    spread = 100 * (max(figure.seconds) - min(figure.seconds)) / 2 / figure.typical_s if figure.typical_s else None
    return [
        Entry(naming.workload(cell)),
        Entry(str(cell["n_qubits"]), cell["n_qubits"]),
        Entry(naming.split(cell["backend"])[0] + _options(cell["backend"])),
        Entry(tag("span", figure.state, class_=f"state {figure.state}")),
        Entry("-" if rank is None else str(rank), rank),
        Entry(duration(figure.typical_s), figure.typical_s),
        Entry("-" if spread is None or len(figure.seconds) < 2 else f"±{spread:.0f} %", spread),
        Entry(duration(figure.first_s), figure.first_s),
        Entry(size(figure.memory_bytes), figure.memory_bytes),
        Entry("-" if ratio is None else f"{ratio:.2g}", ratio),
        Entry(str(len(figure.seconds)), len(figure.seconds)),
        Entry(cell["task"] + (f", {cell['shots']:,} shots" if cell["shots"] else "")),
        Entry(cell["path"]),
        Entry(str(cell["threads"]), cell["threads"]),
        Entry(f"L3: agrees with {figure.partner}" if figure.partner else checked),
        Entry("; ".join(filter(None, [figure.note, f"{bare} rows without checksum" if bare else ""]))),
    ]


def _options(text: str) -> str:
    body = ",".join(f"{key}={value}" for key, value in naming.split(text)[1].items())
    return f":{body}" if body else ""


def scores(group: Sequence[Score]) -> Markup:
    """A device's scores, circuit by circuit."""
    rows = []
    for score in group:
        values = score.found or {}
        entries = [Entry(score.cell["workload"]), Entry(str(score.cell["n_qubits"]), score.cell["n_qubits"])]
        entries += [_uncertain(values.get(key), values.get(f"{key}_stderr")) for key in ("fidelity", "rescaled_fidelity")]
        entries += [_uncertain(values.get("perfect_fidelity"), 0.0)]
        depth = values.get("two_qubit_depth")
        entries += [Entry("-" if depth is None else str(depth), depth)]
        entries += [Entry(duration(values.get("duration_s")), values.get("duration_s"))]
        blind = "blind: its exact distribution is uniform" if values.get("blind_to_noise") else ""
        rows.append(([*entries, Entry(score.note or blind)], ""))
    return sortable(SCORED, rows)


def _uncertain(value: float | None, stderr: float | None) -> Entry:
    stderr = stderr if stderr and stderr > ROUNDING else 0.0
    return Entry("-" if value is None else with_uncertainty(value, stderr, 4), value)


def error(figure: Figure) -> float | None:
    """The worst metric / tolerance of a cell's processes; None where nothing was judged, infinite without a finite metric."""
    verdicts = [row["verification"] for row in figure.counted if row["verification"]]
    if not any(verdict["right"] is not None for verdict in verdicts):
        return None
    return max(float("inf") if v["metric"] is None else v["metric"] / (v["tolerance"] or 1e-300) for v in verdicts)


def sortable(columns: Iterable[str], rows: Iterable[tuple[Sequence[Entry], str]]) -> Markup:
    """A table whose headings are buttons; every row has a class."""
    names = list(columns)
    heads = [tag("th", tag("button", name, type="button"), scope="col", class_=_align(name)) for name in names]
    body = [
        tag("tr", *(_field(entry, name) for entry, name in zip(entries, names, strict=True)), class_=kind)
        for entries, kind in rows
    ]
    return tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="sortable")


def _field(entry: Entry, column: str) -> Markup:
    value = {} if entry.value is None else {"data_value": repr(float(entry.value))}
    if column in NUMBERS and entry.value is None:
        value = {"data_value": ""}
    return tag("td", entry.text, class_=_align(column), **value)


def _align(column: str) -> str | bool:
    return "number" if column in NUMBERS else False


def states(results: Sequence[Figure]) -> Markup:
    """The number of cells by status, and what the statuses mean."""
    counts = Counter(figure.state for figure in results)
    rows = [
        (tag("span", state, class_=f"state {state}"), str(counts[state]), about)
        for state, about in STATES.items()
        if counts[state]
    ]
    return _plain(("status", "cells", "meaning"), rows)


def tiers(results: Sequence[Figure]) -> Markup:
    """The tiers of verification, and how many cells were right and wrong by each."""
    judged: Counter[tuple[str, str]] = Counter()
    for figure in results:
        verdict = figure.counted[-1]["verification"]
        if verdict:
            judged["L3" if figure.partner else verdict["tier"], figure.state] += 1
    names = [*TIERS, *sorted({tier for tier, _ in judged} - set(TIERS))]
    rows = [
        (tier, *(str(judged[tier, state]) for state in ("ok", "wrong", "unverified")), TIERS.get(tier, "")) for tier in names
    ]
    return _plain(("tier", "right", "wrong", "unverified", "meaning"), rows)


def environments(results: Sequence[Figure]) -> Markup:
    """Where cells were measured: machine, interpreter, and the versions of all packages that took part."""
    known: dict[tuple[str, ...], list[Figure]] = {}
    for figure in results:
        about = figure.environment
        held = f", held to {', '.join(map(str, about['affinity']))}" if about["affinity"] else ""
        processor = f"{about['cpu']}; {about['cores']} cores{held}; governor {about['governor']}"
        where = about["host"], processor, size(about["memory_bytes"]), f"{about['system']}; Python {about['python'] or '?'}"
        known.setdefault(where, []).append(figure)
    rows = []
    for where, figures in known.items():
        versions = {f"{name} {version}" for figure in figures for name, version in figure.environment["versions"].items()}
        rows.append((*where, ", ".join(sorted(versions)), str(len(figures))))
    return _plain(("host", "processor", "memory", "system", "versions", "cells"), rows)


def _plain(columns: Sequence[str], rows: Sequence[Sequence[str | Markup]]) -> Markup:
    heads = [tag("th", name, scope="col") for name in columns]
    body = [tag("tr", *(tag("td", text) for text in row)) for row in rows]
    return tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body))
