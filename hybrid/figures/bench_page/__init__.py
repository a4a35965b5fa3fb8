"""Files of rows as one HTML page that loads nothing else; no text of a row can become markup."""

import base64
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from hybrid.base.errors import UsageError
from hybrid.bench import naming, scores
from hybrid.bench.contests import contests
from hybrid.bench.headline import headline, machine
from hybrid.bench.rows import Row
from hybrid.bench.summary import Figure, figures, measured_floor
from hybrid.figures.bench import KINDS, picture
from hybrid.figures.bench_page import tables, words
from hybrid.figures.inline import svg
from hybrid.figures.markup import Markup, tag

FOLDER = Path(__file__).parent
TITLES = {
    "winners": "Fastest backends",
    "relative": "Time relative to the fastest",
    "profile": "Performance profile",
    "scaling": "Time against width",
    "error-time": "Error against time",
    "memory": "Memory against width",
    "volumetric": "Time over width and depth",
    "drift": "Drift of the machine",
}
assert set(TITLES) == set(KINDS)


def write(rows: Sequence[Row], target: Path, noise: Sequence[Row] = ()) -> None:
    """The page as a file; `noise` are rows of an A/A run. UsageError: no results, or a target that cannot be written."""
    page = report(rows, noise)
    try:
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}).") from None


def report(rows: Sequence[Row], noise: Sequence[Row] = ()) -> str:
    """The page of these rows, the same text every time. UsageError when they hold no results."""
    everything = [*rows, *noise]
    results, scored = figures(rows), scores.of_rows(rows)
    if not results and not scored:
        raise UsageError("these rows hold no results: there is nothing to report.")
    machines = naming.machines(results)
    floors = {name: measured_floor(everything, here[0].environment) for name, here in machines.items()}
    sections = [_summary(rows, results, floors)]
    for number, (name, here) in enumerate(machines.items()):
        sections.append(_machine(name, here, everything, floors[name], f"m{number}"))
    sections += [_scores(group, f"s{number}") for number, group in enumerate(scored)]
    if results:
        sections.append(_section("environments", "Where it was measured", _scrolled(tables.environments(results))))
    style, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return "<!DOCTYPE html>\n" + tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
            tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name_="color-scheme", content="light dark"),
            tag("title", "Benchmark of simulator backends"),
            tag("style", Markup(style)),
        ),
        tag("body", tag("main", *sections), tag("script", Markup(script))),
        lang="en",
    )


def _policy(script: str) -> str:
    """No network, no script except the page's own; plots have their style in attributes."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def _section(id_: str, title: str, *content: str | Markup) -> Markup:
    return tag("section", tag("h2", title), *content, id=id_)


def _summary(rows: Sequence[Row], results: Sequence[Figure], floors: dict[str, float | None]) -> Markup:
    first, last = (_day(pick(row["time"] for row in rows)) for pick in (min, max))
    suites = sorted({row["suite"] for row in rows} - {""})
    right = sum(figure.verified for figure in results)
    text = (
        f"{len(results)} cells (a workload by a backend), {len(rows)} processes, measured "
        f"{f'on {first}' if first == last else f'from {first} to {last}'} (UTC)"
        f"{', suite ' + ', '.join(suites) if suites else ''}. {right} of {len(results)} cells were verified; only these rank."
    )
    caveats = [tag("li", text) for text in words.caveats(results, floors, len(floors))]
    links = [tag("a", name, href=f"#m{number}") for number, name in enumerate(floors)]
    rule = [tag("p", text) for text in words.RULE]
    if not results:
        return Markup(tag("h1", "Benchmark of simulator backends") + tag("p", "Scores of devices; no times.", class_="lead"))
    return Markup(
        tag("h1", "Benchmark of simulator backends")
        + Markup("".join(tag("p", " ".join(answer), class_="lead") for answer in _answers(results, floors)))
        + tag("p", text)
        + tag("nav", *links)
        + _section("caveats", "Read this first", tag("ul", *caveats))
        + _section("statuses", "How cells ended", _scrolled(tables.states(results)))
        + _section("tiers", "How answers were checked", tag("p", words.CHECK), _scrolled(tables.tiers(results)))
        + _section("rule", "When a backend is called faster", *rule)
    )


def _answers(results: Sequence[Figure], floors: dict[str, float | None]) -> list[list[str]]:
    """The answer of each machine: what a reader came for stands first."""
    groups = {name: contests(here, floors[name]) for name, here in naming.machines(results).items()}
    return [[*headline(of_machine), machine(of_machine, floors[name])] for name, of_machine in groups.items()]


def _machine(name: str, results: Sequence[Figure], rows: Sequence[Row], floor: float | None, prefix: str) -> Markup:
    plots, refused = [], []
    for kind, title in TITLES.items():
        label = f"{title}, {name}; the figures are in the table of cells."
        try:
            drawn = svg(picture(results, kind, rows), label, f"{prefix}-{kind}-")
        except UsageError as error:
            refused.append(tag("li", f"{title}: {error}"))
            continue
        plots.append(tag("figure", Markup(drawn), class_="wide" if kind == "winners" else False))
    left_out = [tag("p", "Not drawn:"), tag("ul", *refused)] if refused else []
    hint = tag("p", "Click a heading to sort; again, to reverse.", class_="hint")
    table = _scrolled(tables.cells(results, floor))
    cells = tag("details", tag("summary", f"All {len(results)} cells"), hint, table, open=True)
    return _section(prefix, name, *plots, *left_out, cells)


def _scores(group: Sequence[scores.Score], id_: str) -> Markup:
    cell = group[0].cell
    caveats = dict.fromkeys(one.found["caveat"] for one in group if one.found is not None)
    texts = [tag("p", text) for text in (words.SCORE, *caveats)]
    return _section(id_, f"Scores of {cell['device']}, by {cell['backend']}", *texts, _scrolled(tables.scores(group)))


def _scrolled(table: Markup) -> Markup:
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="table")


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
