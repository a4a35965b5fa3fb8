"""The one style of all pictures: colours by role, sizes, the frame with title, legend and footer, and how a file is written.

A picture is a function with the decorator `styled` that calls `figure` for the frame, `panels` for its axes, and returns the
figure; `save` writes it.
"""

import io
import re
import textwrap
import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, final

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from hybrid.base.errors import UsageError, printable, shortened
from hybrid.figures.page import SCREEN, STYLES, Page
from hybrid.figures.pdf import pdf
from hybrid.figures.recolour import recolour

MEASURED, FINAL, EXACT, BASELINE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
"""Okabe & Ito's colours (jfly.uni-koeln.de/color): distinct for every kind of colour vision."""
INK, MUTED, GREY, BLANK, PAPER = "#222222", "#555555", "#888888", "#E4E4E0", "#FAFAF8"
"""Text; small print; grid, edges and marks without a backend; fields without a value; background."""
BLACK = "#101010"
"""Text on a colour: unlike `INK` it stays black where a page exchanges ink and paper."""
WHITE = {PAPER.lower(): "#ffffff"}
DARK = {
    **{PAPER.lower(): "#15171a", INK.lower(): "#ebebe6", MUTED.lower(): "#b5b5b0", BLANK.lower(): "#3a3d42"},
    **{MEASURED.lower(): "#4da6dd", EXACT.lower(): "#2bbf92", FINAL.lower(): "#f0803c"},
}
"""What a printed and a dark page exchange; on a dark ground the darkest of the colours are made lighter."""
COLOURS = (MEASURED, FINAL, EXACT, BASELINE, "#E69F00", "#56B4E9", INK)
"""Of several curves, by the same authors; their yellow is too pale for paper."""
DASHES = ("-", "--", ":")
MARKERS = "osvDphd<"
"""One more than colours, so that no pair occurs twice; crosses and upright triangles have meanings of their own."""
TITLE, HEAD, TEXT, SMALL, TINY = 13.0, 10.0, 9.5, 8.5, 8.0
"""Points: title; panel titles; lines below the title and labels; ticks and legends; footer and words inside a panel."""
STYLE: dict[Any, Any] = {
    "font.size": TEXT,
    "text.color": INK,
    "text.parse_math": False,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": HEAD,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GREY,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "xtick.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.color": INK,
    "ytick.labelsize": SMALL,
    "svg.fonttype": "path",
    "svg.hashsalt": "hybrid",
}
EMBEDDED: dict[Any, Any] = {"pdf.fonttype": 42}
"""Letters of a PDF as TrueType, which journals ask for."""
ABOVE: dict[str, Any] = {"bbox_to_anchor": (0.0, 1.0), "loc": "lower left", "borderaxespad": 0.2, "columnspacing": 1.4}
"""Arguments of a legend directly above its axes."""
WIDTH = 6.4
"""Inches of a picture with one panel."""
LEAST_WIDTH = 4.2
"""Inches in which such a picture is still laid out."""
SUFFIXES = (".png", ".svg", ".pdf")
DOTS_PER_INCH = 200
"""At which the layout is computed."""
LAYOUT_DIGITS = 6
"""Of positions as fractions of the picture: far below a pixel."""
MARGIN = 0.12
"""Inches around title and footer."""
AXIS_INCHES = 0.6
"""Beside axes, for their ticks and label."""
MOST_PANELS, MOST_TITLE_LINES = 24, 3


class Look(NamedTuple):
    """How one of several curves is drawn."""

    colour: str
    marker: str
    dash: str


def looks(n: int, what: str) -> list[Look]:
    """The looks of n curves; UsageError for more than a reader can distinguish, `what` names them."""
    most = len(COLOURS) * len(DASHES)
    if n > most:
        raise UsageError(f"{n} {what} cannot be told apart in one picture; draw {most} at most.")
    return [Look(COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)], DASHES[i // len(COLOURS)]) for i in range(n)]


@final
class Drawing(Figure):
    """A figure, the page that it is drawn for, the scale at which it is written, and its title and footer as text."""

    page: Page = SCREEN
    scale: float = 1.0
    words: tuple[str, str] = ("", "")

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """What a notebook shows, and how wide: in pixels of a page, 96 to the inch."""
        return encoded(self, "png"), {"width": round(96 * self.scale * self.get_figwidth())}


_PAGE: ContextVar[Page] = ContextVar("page", default=SCREEN)


def styled(draw: Callable[..., Drawing]) -> Callable[..., Drawing]:
    """Decorator of a function that draws: in the one style of all pictures, and with a keyword `page` more."""

    @wraps(draw)
    def drawn(*inputs: Any, page: Page = SCREEN, **options: Any) -> Drawing:
        outer = _PAGE.set(page)
        try:
            with matplotlib.rc_context(STYLE):
                return draw(*inputs, **options)
        finally:
            _PAGE.reset(outer)

    return drawn


def width(own: float = WIDTH, least: float = LEAST_WIDTH) -> float:
    """Inches in which a picture is laid out that takes `own` on a screen, and at least `least`."""
    return _PAGE.get().laid_out(own, least)[0]


def columns(labels: Sequence[str], inches: float) -> int:
    """How many columns of a legend fit side by side, each as wide as its longest label."""
    return next((n for n in range(len(labels), 1, -1) if _legend_width(labels, n) <= inches), 1)


def _legend_width(labels: Sequence[str], n: int) -> float:
    """Inches of a legend of n columns, which are filled one after the other."""
    return sum(0.07 * max(map(len, column)) + 0.5 for column in np.array_split(np.array(labels, object), n))


def side_by_side(most: int, own: float, least: float) -> int:
    """How many panels stand side by side, `most` at most, so that no text is smaller than a page's own.

    `own` and `least` are inches of one panel as in `width`.
    """
    page = _PAGE.get()
    return next((n for n in range(most, 1, -1) if page.fits(n * own, n * least)), 1)


def figure(
    title: str,
    lines: Sequence[str],
    footer: Sequence[str],
    inches: tuple[float, float],
    legend: Sequence[Artist] = (),
    least: float = LEAST_WIDTH,
) -> Drawing:
    """An empty figure with a title, lines and a legend below it, and a footer with the caveat.

    `inches` is its width on a screen, and the height that is free for axes between legend and footer; `least` as in `width`.
    """
    own, free = inches
    page = _PAGE.get()
    width, scale = page.laid_out(own, least)
    head = _title(title if page.title is None else page.title, int(8.75 * width))
    written = [part for line in lines for part in _wrapped(line, 13.8 * width)]
    notes = [part for line in footer for part in _wrapped(line, 16.6 * width)] if page.caveat else []
    n_columns = columns([str(entry.get_label()) for entry in legend], width)
    below_title = 0.14 + 0.22 * len(head)
    below_lines = below_title + 0.185 * len(written) + (0.05 if written and legend else 0)
    top = below_lines + 0.19 * -(-len(legend) // n_columns) + 0.06
    bottom = 0.16 * len(notes) + MARGIN
    height = free + top + bottom
    layout = ConstrainedLayoutEngine(
        rect=(0.08 / width, bottom / height, 1 - 0.16 / width, free / height), h_pad=0.07, w_pad=0.07
    )
    drawn = Drawing(figsize=(width, height), layout=layout)
    FigureCanvasAgg(drawn)
    drawn.page, drawn.scale, drawn.words = page, scale, (" ".join(head), " ".join(footer))
    left = MARGIN / width
    drawn.text(left, 1 - 0.11 / height, "\n".join(head), size=TITLE, weight="bold", va="top")
    if written:
        drawn.text(left, 1 - below_title / height, "\n".join(written), va="top")
    drawn.text(left, 0.08 / height, "\n".join(notes), size=TINY, va="bottom", color=MUTED)
    if legend:
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (left, 1 - below_lines / height)}
        place |= {"borderpad": 0.0, "borderaxespad": 0.0, "columnspacing": 1.3, "labelspacing": 0.25, "handletextpad": 0.5}
        drawn.legend(handles=list(legend), ncols=n_columns, **place).set_in_layout(False)
    return drawn


def _wrapped(text: str, columns: float) -> list[str]:
    return textwrap.wrap(text, int(columns), break_on_hyphens=False)


def _title(text: str, columns: int) -> list[str]:
    """In as many lines as it takes, three at most."""
    return _wrapped(shortened(text, MOST_TITLE_LINES * columns), columns)[:MOST_TITLE_LINES]


def legend_above(axes: Axes, handles: Sequence[Artist] | None = None, most: int = 3) -> None:
    """A legend directly above its axes, in as many columns as fit; long labels are wrapped, never cut."""
    assert isinstance(axes.figure, Figure)
    inches = axes.figure.get_figwidth() - AXIS_INCHES
    entries = list(axes.get_legend_handles_labels()[0] if handles is None else handles)
    labels = ["\n".join(_wrapped(str(entry.get_label()), 13.0 * inches)) for entry in entries]
    n_columns = min(most, columns([line for label in labels for line in label.split("\n")], inches))
    axes.legend(entries, labels, ncols=n_columns, **ABOVE)


def panels(drawn: Figure, n: int = 1, columns: int = 1) -> list[Axes]:
    """So many axes in so many columns; UsageError for more than fit."""
    if n > MOST_PANELS:
        raise UsageError(f"{n} panels do not fit one picture, {MOST_PANELS} at most; draw fewer workloads or backends.")
    every = list(np.ravel(drawn.subplots(-(-n // columns), columns, squeeze=False)))
    for spare in every[n:]:
        spare.remove()
    return every[:n]


def free_from(drawn: Figure) -> float:
    """The upper edge of the footer in inches, for axes that are placed by hand; nothing moves them afterwards."""
    engine = drawn.get_layout_engine()
    assert engine is not None
    bottom = engine.get()["rect"][1] * drawn.get_figheight()
    drawn.set_layout_engine("none")
    return bottom


def head(axes: Axes, *lines: str, longest: int) -> None:
    """A panel's title, whatever characters it holds."""
    axes.set_title("\n".join(shortened(line, longest) for line in lines))


def categories(axes: Axes, columns: Sequence[str], rows: Sequence[str]) -> None:
    """The axes of a map: a name for every column and row, squares from -0.5 to 0.5 around each."""
    axes.set_xticks(range(len(columns)), columns, size=TINY)
    axes.set_yticks(range(len(rows)), rows, size=TINY)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def ink_on(face: Any) -> str:
    """White on dark colours, black on light ones, by their luma (ITU-R BT.601) on the page that is drawn for."""
    shown = DARK.get(to_hex(face)) if _PAGE.get().style == "dark" else None
    return "white" if np.dot(to_rgb(shown or face), (0.299, 0.587, 0.114)) < 0.5 else BLACK


def check_target(target: Path) -> None:
    """UsageError for a suffix of which no picture is written."""
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{target}: a plot is written as {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")


def save(drawn: Drawing, target: Path) -> None:
    """Write the figure as PNG, SVG or PDF, the same bytes every time; UsageError: another suffix, or not writable."""
    check_target(target)
    picture = encoded(drawn, target.suffix.lower().removeprefix("."))
    try:
        target.write_bytes(picture)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}).") from None


def encoded(drawn: Drawing, form: str) -> bytes:
    """The figure as `png`, `svg` or `pdf`, at its size on the page and in the colours of the page's style."""
    with warnings.catch_warnings(), matplotlib.rc_context(STYLE | EMBEDDED):
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # the font then shows a box
        _fix_layout(drawn)
        recolour(drawn, DARK if drawn.page.style == "dark" else WHITE if drawn.page.style == "paper" else {})
        return _written(drawn, form)


def _fix_layout(drawn: Drawing) -> None:
    if (engine := drawn.get_layout_engine()) is None:
        return
    drawn.set_dpi(DOTS_PER_INCH)
    engine.execute(drawn)
    drawn.set_layout_engine("none")
    for axes in drawn.axes:  # the solver's last digits depend on addresses in memory
        left, bottom, width, height = (round(number, LAYOUT_DIGITS) for number in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))


def _written(drawn: Drawing, form: str) -> bytes:
    """The bytes; where the page shows no caveat, the file's metadata hold it."""
    title, footer = (printable(words, kept="") for words in drawn.words)
    if form == "pdf":
        return pdf(drawn, drawn.scale, {"Title": title, "Subject": footer})
    file = io.BytesIO()
    hidden: dict[str, str | None] = {} if drawn.page.caveat else {"Title": title, "Description": footer}
    if form == "svg":
        drawn.savefig(file, format="svg", dpi=DOTS_PER_INCH, metadata={**hidden, "Date": None})
        return printable(_resized(file.getvalue().decode(), drawn.scale)).encode()  # text of files may be anything
    dots = STYLES[drawn.page.style].dots_per_inch
    size: dict[str, Any] = {"pil_kwargs": {"dpi": (dots, dots)}} if drawn.scale != 1.0 else {}
    drawn.savefig(file, format="png", dpi=drawn.scale * dots, metadata=hidden or None, **size)
    return file.getvalue()


def _resized(svg: str, scale: float) -> str:
    """The outermost element with another width and height; its viewBox stays."""
    if scale == 1.0:
        return svg
    head, body = svg[: svg.index("viewBox")], svg[svg.index("viewBox") :]
    return re.sub(r'="([\d.]+)pt"', lambda match: f'="{scale * float(match[1]):.6g}pt"', head) + body
