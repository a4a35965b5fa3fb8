"""Every figure on a screen, in a paper, in a talk and on a dark page: what it says, what its axes are, and how large it is."""

import re
import struct
import zlib
from itertools import pairwise

import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text
from pictured import all_figures, light_figures

from hybrid.base.errors import UsageError
from hybrid.figures.page import CM, SMALL_PRINT, SMALLEST_POINTS, STYLES, Page, length_cm
from hybrid.figures.style import DARK, PAPER, columns, encoded
from hybrid.figures.trace import told_apart

AXES = {
    "convergence": ("evaluations", "energy (Ha)"),
    "convergence of several": ("evaluations", "energy (Ha)"),
    "distance from exact": ("evaluations", "|energy \N{MINUS SIGN} exact|"),
    "histogram": ("", "probability"),
    "schedule": ("time (\N{GREEK SMALL LETTER MU}s); the readout begins at the right edge", ""),
    "ledger": ("error (Ha)", ""),
    "sweep": ("shots", "energy (Ha)"),
    "error budget": ("energy (Ha)", ""),
    "device map": ("", ""),
    "device map, ring": ("", ""),
    "characterization": ("delay (\N{GREEK SMALL LETTER MU}s); P(1) of each qubit from 0 to 1", ""),
    "verdict": ("", ""),
    "values": ("energy (Ha)", ""),
    "bench scaling": ("qubits", "time per call"),
    "bench error-time": ("time per call", "error / tolerance"),
    "bench memory": ("qubits", "memory"),
    "bench volumetric": ("depth", "qubits"),
    "bench relative": ("", ""),
    "bench profile": ("time / fastest, at most", "share of questions"),
    "bench winners": ("qubits", ""),
    "bench drift": ("minutes", "time / median"),
}
"""Label of the first panel's x axis and y axis; an axis of names has none."""

TICKS_WITH_UNITS = {
    "distance from exact": ("y", "Ha"),
    "bench scaling": ("y", "s"),
    "bench error-time": ("x", "s"),
    "bench memory": ("y", "B"),
}
MAPS = ("bench relative", "bench winners", "verdict")
"""As wide as their columns of words: refused in one column of a journal."""
WITHOUT_CAVEAT = {"sweep"} | {name for name in AXES if name.startswith("bench")}
"""Figures whose footer says how it was measured: a sweep may be of many devices, a benchmark is of this machine."""
MARKS = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-"}


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    return light_figures(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    return all_figures(tmp_path_factory.mktemp("all"))


def png_size(picture: bytes) -> tuple[float, float]:
    """Width of a PNG in cm, by its pixels and its resolution, and dots per inch."""
    (pixels,) = struct.unpack(">I", picture[16:20])
    at = picture.index(b"pHYs") + 4
    (per_metre,) = struct.unpack(">I", picture[at : at + 4])
    return 100 * pixels / per_metre, per_metre * CM / 100


def page_of_pdf(picture: bytes) -> tuple[float, str]:
    """Width of a PDF in cm, and its inflated content."""
    width = float(re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", picture)[1])
    streams = re.findall(rb"stream\r?\n(.*?)endstream", picture, re.DOTALL)
    return width / 72 * CM, inflated(streams[0])


def inflated(stream: bytes) -> str:
    return zlib.decompressobj().decompress(stream).decode("latin1")


def words(drawn) -> str:
    return " ".join(" ".join(text.get_text() for text in drawn.texts).split())


@pytest.mark.slow
def test_every_figure_is_listed(every):
    assert every.keys() == AXES.keys()


def every_text(drawn) -> list:
    """What is written anywhere in a figure, once its layout is fixed."""
    encoded(drawn, "png")
    return [text for text in drawn.findobj(Text) if text.get_visible() and text.get_text().strip()]


@pytest.mark.slow
@pytest.mark.parametrize("name", AXES)
def test_all_text_is_legible_on_every_page(name, every):
    """No text, in panels neither, is smaller than 5 points on paper, where the small print has 6; none is raw TeX; the labels
    of an axis do not meet."""
    pages = [Page(style=style) for style in STYLES] + ([] if name in MAPS else [Page(style="paper", width_cm=8.6)])
    for page in pages:
        drawn = every[name](page=page)
        texts = every_text(drawn)
        assert not [text.get_text() for text in texts if "$" in text.get_text()], page
        sizes = [drawn.scale * text.get_size() for text in texts]
        numbers = name == "device map, ring"  # as large as their circles
        assert numbers or min(sizes) >= 0.999 * min(1.0, STYLES[page.style].scale) * SMALL_PRINT, page
        for axes in drawn.axes:
            for axis, side in ((axes.xaxis, 0), (axes.yaxis, 1)):
                shown = [label for label in axis.get_ticklabels() if label.get_visible() and label.get_text()]
                boxes = sorted((label.get_window_extent().extents[side::2].tolist(), label.get_text()) for label in shown)
                met = [(one, other) for ((_, end), one), ((start, _), other) in pairwise(boxes) if end >= start]
                assert not met or any(label.get_rotation() for label in shown), page


@pytest.mark.slow
@pytest.mark.parametrize("name", TICKS_WITH_UNITS)
def test_ticks_have_the_unit_that_a_label_lacks(name, every):
    side, unit = TICKS_WITH_UNITS[name]
    drawn = every[name]()
    encoded(drawn, "png")
    ticks = [label.get_text() for label in getattr(drawn.axes[0], f"get_{side}ticklabels")()]
    assert ticks and all(tick.endswith(unit) for tick in ticks if tick)


@pytest.mark.slow
@pytest.mark.parametrize("name", AXES)
def test_axes_caveat_and_size_on_every_page(name, every):
    """The same labels on each page; the file has the width of the page's style; no text is too small to read."""
    for style in STYLES:
        drawn = every[name](page=Page(style=style))
        panel = drawn.axes[-1] if name == "bench drift" else drawn.axes[0]
        labels = panel.get_xlabel(), panel.get_ylabel()
        assert labels == AXES[name], style
        assert ("Not a prediction" in words(drawn) or "No real machine" in words(drawn)) == (name not in WITHOUT_CAVEAT)
        if style in ("paper", "talk"):
            width_cm = drawn.scale * drawn.get_figwidth() * CM
            wide = width_cm > 1.01 * STYLES[style].column_cm
            assert width_cm == pytest.approx(STYLES[style].wide_cm if wide else STYLES[style].column_cm)
            assert drawn.scale * min(text.get_size() for text in drawn.texts) >= 0.999 * SMALLEST_POINTS
        else:
            assert drawn.scale == 1.0


@pytest.mark.parametrize("form", MARKS)
def test_a_column_of_a_journal(form, figures):
    """8.6 cm in every format; the same bytes twice."""
    page = Page(style="paper", width_cm=8.6)
    first, second = (encoded(figures["schedule"](page=page), form) for _ in range(2))
    assert first == second and first.startswith(MARKS[form])
    if form == "png":
        assert png_size(first) == (pytest.approx(8.6, abs=0.02), pytest.approx(400, abs=0.1))  # a pixel is 0.006 cm
    elif form == "pdf":
        width_cm, content = page_of_pdf(first)
        assert width_cm == pytest.approx(8.6, abs=1e-3)
        (scale,) = re.findall(r"([\d.]+) 0 0 [\d.]+ 0 0 cm", content)[:1]
        assert float(scale) == pytest.approx(0.75, abs=1e-6)
    else:
        width = float(re.search(rb'width="([\d.]+)pt"', first)[1])
        assert width / 72 * CM == pytest.approx(8.6, abs=1e-3)


def test_letters_of_a_pdf_are_truetype(figures):
    assert b"/FontFile2" in encoded(figures["histogram"](page=Page(style="paper")), "pdf")


@pytest.mark.parametrize("form", MARKS)
def test_without_caveat_it_is_in_the_file(form, figures):
    drawn = figures["histogram"](page=Page(caveat=False))
    assert "Not a prediction" not in words(drawn)
    assert b"Not a prediction" in encoded(drawn, form)
    assert drawn.get_figheight() < figures["histogram"](page=Page()).get_figheight()


def test_a_title_of_ones_own(figures):
    titled, bare = (figures["schedule"](page=Page(title=title)) for title in ("My chain", ""))
    assert titled.texts[0].get_text() == "My chain" and "ghz:n=5 on meluxina-q" not in words(titled)
    assert bare.texts[0].get_text() == "" and bare.get_figheight() < titled.get_figheight()


def test_a_dark_page(figures):
    """No ink is left that would be dark on a dark ground, in the histogram and in a map with words in boxes."""
    for name in ("histogram", "bench relative"):
        drawn = figures[name](page=Page(style="dark"))
        encoded(drawn, "png")
        assert to_hex(drawn.get_facecolor()) == DARK[PAPER.lower()]
        boxes = [text.get_bbox_patch() for axes in drawn.axes for text in axes.texts if text.get_bbox_patch()]
        assert {to_hex(box.get_facecolor()) for box in boxes} <= {DARK[PAPER.lower()]}
        colours = {to_hex(text.get_color()) for text in drawn.texts}
        assert not colours & {*DARK} and colours <= {*DARK.values()}


def test_words_on_a_colour_are_black_where_the_dark_page_makes_it_lighter(figures):
    """By the contrast of WCAG 2.1: white on the lighter orange would have 2.7, its large text needs 3."""
    drawn = figures["bench winners"](page=Page(style="dark"))
    encoded(drawn, "png")
    (axes,) = drawn.axes
    faces = {patch.get_xy(): patch.get_facecolor() for patch in axes.patches}
    for text in axes.texts:
        x, y = text.get_position()
        assert contrast(text.get_color(), faces[x - 0.5, y - 0.5]) > 4.5, text.get_text()


def contrast(one, other) -> float:
    """Of two colours, by their relative luminance (w3.org/TR/WCAG21)."""
    linear = [[c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)] for colour in (one, other)]
    low, high = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in linear)
    return (high + 0.05) / (low + 0.05)


def test_a_legend_has_as_many_columns_as_fit():
    """One long label no longer makes every column as wide as itself."""
    labels = ["Hartree-Fock", "without noise", "exact", "as asked for", "90 % of devices, without shot noise"]
    assert columns(labels, 4.5) == 2 and columns(labels, 2.0) == 1 and columns([], 4.5) == 1


def test_panels_stand_below_each_other_where_a_page_is_narrow(figures):
    """In one column of a journal, of two, and on a slide; the text keeps the size of the page's style."""
    for page, n_columns in ((Page(style="paper", width_cm=8.6), 1), (Page(style="paper"), 2), (Page(style="talk"), 2)):
        drawn = figures["bench scaling"](page=page)
        encoded(drawn, "png")
        assert len({round(axes.get_position().x0, 2) for axes in drawn.axes}) == n_columns
        assert drawn.scale >= 0.999 * min(1.0, STYLES[page.style].scale)


def test_the_distance_has_the_band_of_chemical_accuracy(figures):
    axes = figures["distance from exact"]().axes[0]
    (band,) = [patch for patch in axes.patches if patch.get_label().startswith("chemical accuracy")]
    assert axes.get_yscale() == "log"
    assert band.get_y() + band.get_height() == pytest.approx(1 / 627.509474, rel=1e-3)  # 1 kcal/mol in Ha; four digits stand
    ticks = [label.get_text() for label in axes.get_yticklabels()]
    assert any(tick.endswith("mHa") for tick in ticks)


@pytest.mark.slow
def test_many_points_have_a_band_and_no_bars(every):
    axes = every["convergence"]().axes[0]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "± standard error of a point" in labels
    assert len(axes.containers) == 1  # the final value alone has an error bar


@pytest.mark.slow
def test_runs_are_told_apart_by_what_differs(every):
    labels = [text.get_text() for text in every["convergence of several"]().axes[0].get_legend().get_texts()]
    assert any("a=0.2" in label for label in labels) and any("a=0.6" in label for label in labels)
    long = [f"{'x' * 200}{end}{'y' * 200}" for end in "ab"]
    assert told_apart(long) == long
    assert [len(name) for name in told_apart([f"{end}{'y' * 400}" for end in "ab"])] == [119, 119]


@pytest.mark.parametrize(("text", "cm"), [("8.6cm", 8.6), ("86mm", 8.6), ("3.5in", 8.89), (" 25 cm ", 25.0), (".5in", 1.27)])
def test_lengths(text, cm):
    assert length_cm(text) == pytest.approx(cm)


@pytest.mark.parametrize("text", ["8.6", "cm", "8,6cm", "-3cm", "8.6 px", "1e3cm"])
def test_what_is_no_length(text):
    with pytest.raises(UsageError, match="is no length; for example 8.6cm"):
        length_cm(text)


def test_what_no_page_is(figures):
    with pytest.raises(UsageError, match=r"unknown style 'papper'. Did you mean 'paper'\?"):
        Page(style="papper")
    with pytest.raises(UsageError, match="4 to 120 cm wide, not 0 cm"):
        Page(width_cm=0.0)
    wide = r"at a width of 8\.6 cm the smallest text of this picture would have .* points; it needs .* cm"
    with pytest.raises(UsageError, match=wide):
        figures["bench relative"](page=Page(style="paper", width_cm=8.6))
