"""A rehearsal as one HTML page that opens from a file, loads nothing and prints on two pages; no text can become markup."""

from collections.abc import Sequence
from pathlib import Path

from hybrid.figures.markup import Markup, tag
from hybrid.figures.rehearsal_page import tables
from hybrid.rehearsal.package import figures_in_words as words
from hybrid.rehearsal.package.readme_text import METHODS, VERIFY
from hybrid.rehearsal.rehearsal import DeviceVerdict, Rehearsal
from hybrid.rehearsal.track_record import stored_track_record

STYLE = Path(__file__).parent / "page.css"
FULL_ON_PAPER = 2
"""Of more devices only the first has all its reasons on paper, where two pages hold no more; the others what binds."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""No network and no script; plots have their style in attributes."""


def page(rehearsal: Rehearsal, plot: str | None, reveals: str = "") -> str:
    """The page, the same text every time. `plot`: an inline SVG of the values; `reveals`: that of a redacted package."""
    title = f"Rehearsal of {rehearsal.title}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(STYLE.read_text(encoding="utf-8"))),
    )
    sections = [_banner(rehearsal, title, reveals), _glance(rehearsal), _numbers(rehearsal, plot)]
    few = len(rehearsal.devices) <= FULL_ON_PAPER
    sections += [_device(one, full=few or one is rehearsal.best) for one in _best_first(rehearsal)]
    return "<!DOCTYPE html>\n" + tag(
        "html", head, tag("body", tag("main", *sections, _ending(full=len(rehearsal.devices) == 1))), lang="en"
    )


def _banner(rehearsal: Rehearsal, title: str, reveals: str) -> Markup:
    lines = [tag("h1", title), tag("p", rehearsal.sentence, class_=f"verdict {tables.kind(rehearsal.best.word)}")]
    lines += [tag("p", reveals)] if reveals else []
    return tag("header", *lines, tag("p", rehearsal.caveat, class_="small"))


def _glance(rehearsal: Rehearsal) -> Markup:
    return tag("section", tag("h2", "At a glance"), _scrolled(tables.grid(rehearsal)), tag("p", words.asks(), class_="small"))


def _numbers(rehearsal: Rehearsal, plot: str | None) -> Markup:
    parts = [tag("h2", "In numbers"), _scrolled(tables.known(rehearsal)), _scrolled(tables.numbers(rehearsal))]
    if plot is not None:
        parts.append(tag("figure", Markup(plot)))
    return tag("section", *parts)


def _device(verdict: DeviceVerdict, *, full: bool) -> Markup:
    """The reasons; on paper what binds, or all if `full`."""
    reasons = [
        tag(
            "li",
            tag("b", one.name),
            f": {words.criterion(one)}",
            class_=False if full or one.name == verdict.binding else "screen",
        )
        for one in verdict.criteria
    ]
    parts = [
        tag("h2", verdict.device, ": ", tag("span", verdict.word, class_=f"word {tables.kind(verdict.word)}")),
        tag("p", f"{verdict.title}. {verdict.sentence}", class_=False if full else "screen"),
        tag("ul", *reasons),
    ]
    changes = words.changes(verdict)
    parts += [tag("ul", *(tag("li", line) for line in changes), class_=False if full else "screen")] if changes else []
    return tag("section", *parts, class_="device")


def _ending(*, full: bool) -> Markup:
    """How good predictions were; methods, on paper too if `full`; the command that executes the package again."""
    methods = [tag("p", line.replace("`", ""), class_="methods" if full else "methods screen") for line in METHODS]
    return tag(
        "section",
        tag("h2", "How good such predictions were before"),
        tag("p", stored_track_record().summary, class_="methods"),
        tag("h2", "Methods, and how to execute it again"),
        *methods,
        tag(
            "p",
            "Executed again, in the folder of the package, by ",
            tag("code", VERIFY),
            ". The folder has the records, the circuits, the bill with its formula, and the fields of the access form.",
            class_="small",
        ),
    )


def _best_first(rehearsal: Rehearsal) -> Sequence[DeviceVerdict]:
    return sorted(rehearsal.devices, key=lambda one: one is not rehearsal.best)


def _scrolled(table: Markup) -> Markup:
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="table")
