"""Every figure on a screen, in a paper, in a talk and on a dark page: what it says, what its axes are, and how large it is."""

import re
import struct
import zlib

import pytest
from matplotlib.colors import to_hex
from pictured import all_figures, light_figures

from hybrid.base.errors import UsageError
from hybrid.figures.page import CM, SMALLEST_POINTS, STYLES, Page, length_cm
from hybrid.figures.style import DARK, PAPER, encoded
from hybrid.figures.trace import told_apart

AXES = {
    "convergence": ("evaluations", "energy (Ha)"),
    "convergence of several": ("evaluations", "energy (Ha)"),
    "distance from exact": ("evaluations", "|energy \N{MINUS SIGN} exact| (Ha)"),
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
