"""Pictures of benchmarks: what was wrong never wins, what ended early is seen, one machine at a time, whatever names hold."""

import sys
import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest
from bench_rows import cell, everything, row, write
from matplotlib.colors import to_hex

from hybrid.bench import naming
from hybrid.bench.rows import read
from hybrid.bench.summary import figures
from hybrid.cli import bench_pages
from hybrid.cli.app import main
from hybrid.errors import UsageError
from hybrid.plot_bench import KINDS, plot
from hybrid.plot_bench.kinds import RC
from hybrid.plot_bench.lines import EXACT, FAR, error_time, memory, relative_error, scaling
from hybrid.plot_bench.maps import STAR, volumetric, winners
from hybrid.plot_bench.style import looks

SIGNATURES = {".png": b"\x89PNG", ".svg": b"<?xml"}


@pytest.fixture(scope="module")
def found():
    return figures(everything())


@pytest.fixture(autouse=True)
def settings():
    with matplotlib.rc_context(RC):
        yield


def texts(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_and_nothing_overlaps(kind, found):
    """Titles, legend, panels and footer lie apart; no warning comes from the layout."""
    drawn = KINDS[kind](found)
    drawn.canvas.draw()
    boxes = [axes.get_tightbbox() for axes in drawn.axes if axes.get_title(loc="left")]
    boxes += [legend.get_window_extent() for legend in drawn.legends]
    boxes += [text.get_window_extent() for text in drawn.texts]
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            shared = (min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0))
            assert min(shared) <= 1, (kind, one, other)
    for axes in drawn.axes:
        labels = [
            label.get_window_extent() for label in axes.get_xticklabels() if label.get_text() and not label.get_rotation()
        ]
        inside = sorted((box for box in labels if box.x0 >= 0 and box.x1 <= drawn.bbox.x1), key=lambda box: box.x0)
        assert all(a.x1 <= b.x0 for a, b in zip(inside, inside[1:], strict=False) if a.y0 == b.y0)


@pytest.mark.parametrize("suffix", SIGNATURES)
def test_the_suffix_chooses_the_format(suffix, tmp_path):
    target = tmp_path / f"p{suffix}"
    plot(everything(), "scaling", target)
    first = target.read_bytes()
    assert first.startswith(SIGNATURES[suffix])
    plot(everything(), "scaling", target)
    assert target.read_bytes() == first


def test_lines_join_only_what_is_verified(found):
    """The wrong answers of the bond-limited method are the fastest of all, and on no line."""
    panel = next(axes for axes in scaling(found).axes if axes.get_title(loc="left") == "su4_brick:depth=8")
    joined = [line for line in panel.lines if line.get_linestyle() != "None" and len(line.get_xdata())]
    crosses = [line for line in panel.lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [list(line.get_xdata()) for line in crosses] == [[12, 16]]
    assert sorted(len(line.get_xdata()) for line in joined) == [2, 4, 4]
    fastest = min(float(min(line.get_ydata())) for line in joined if max(line.get_xdata()) == 16)
    assert float(crosses[0].get_ydata()[1]) < fastest * 100


def test_a_wrong_or_unjudged_answer_never_wins():
    rows = cell("ghz:n=4", "slow", seconds=1.0) + cell("ghz:n=4", "slower", seconds=2.0)
    rows += cell("ghz:n=4", "liar", seconds=1e-6, status="wrong") + cell("ghz:n=4", "mute", seconds=1e-6, right=None)
    drawn = winners(figures(rows))
    assert sorted(texts(drawn.axes[0])) == sorted(["wrong", f"{STAR} 1.0x", "2.0x", "unverified"])
    hatched = {patch.get_hatch() for patch in drawn.axes[0].patches}
    assert hatched == {None, "////", "---"}


def test_too_few_processes_give_no_star():
    rows = cell("ghz:n=4", "a", processes=3) + cell("ghz:n=4", "b", seconds=2e-3, processes=3)
    drawn = winners(figures(rows))
    assert texts(drawn.axes[0]) == ["1.0x", "2.0x"]
    assert "too few" in drawn.texts[1].get_text()


def test_alone_is_no_victory():
    rows = cell("ghz:n=4", "a") + cell("ghz:n=4", "liar", seconds=1e-6, status="wrong")
    assert texts(winners(figures(rows)).axes[0]) == ["1.0x", "wrong"]


def test_what_ended_early_is_a_triangle_at_the_top(found):
    panel = next(axes for axes in scaling(found).axes if axes.get_title(loc="left") == "ghz")
    (triangle,) = [line for line in panel.lines if line.get_marker() == "^"]
    assert list(triangle.get_xdata()) == [16]
    assert "4 unavailable" in scaling(found).texts[1].get_text()


def test_triangles_of_two_backends_lie_apart():
    rows = [row("ghz:n=4", name, status="timeout") for name in "ab"] + cell("ghz:n=4", "c")
    panel = scaling(figures(rows)).axes[0]
    heights = [line.get_ydata()[0] for line in panel.lines if line.get_marker() == "^"]
    assert len(set(heights)) == 2


def test_memory_stands_beside_its_theory(found):
    """16 bytes an amplitude; the rows hold exactly that, so that points lie on the dotted line."""
    panel = memory(found).axes[0]
    theory = panel.lines[-1]
    assert theory.get_ydata()[0] == pytest.approx(16 * 2 ** float(theory.get_xdata()[0]))
    points = next(line for line in panel.lines if len(line.get_xdata()) == 4)
    assert list(points.get_ydata()) == [16 * 2**n for n in points.get_xdata()]


def test_errors_are_in_units_of_the_tolerance():
    cases = [(5e-11, "ok", 0.5), (0.0, "ok", EXACT), (1e-8, "wrong", 100.0), (None, "wrong", FAR)]
    for error, status, expected in cases:
        (figure,) = figures(cell("ghz:n=4", "a", error=error, status=status))
        assert relative_error(figure) == pytest.approx(expected)
    with pytest.raises(UsageError, match="no errors to draw"):
        error_time(figures([row("ghz:n=4", "a", status="timeout")]))


def test_volumetric_takes_default_depths_from_the_catalogue():
    from hybrid import catalog

    default = catalog.locate("workloads", "su4_brick").options["depth"].default
    drawn = volumetric(figures(cell("su4_brick:n=4", "a") + cell(f"su4_brick:n=6,depth={default + 3}", "a")))
    assert [label.get_text() for label in drawn.axes[0].get_xticklabels()] == [str(default), str(default + 3)]
    with pytest.raises(UsageError, match="both a width and a depth"):
        volumetric(figures(cell("ghz:n=4", "a")))


def test_backends_are_told_apart_without_colour_and_by_it():
    rows = [row("ghz:n=4", f"b{k:02}") for k in range(21)]
    found = looks(figures(rows)).values()
    assert len(set(found)) == 21 and len({(look.colour, look.marker) for look in found}) == 21
    assert {to_hex(look.colour).upper() for look in found} <= {
        *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")
    }  # Okabe and Ito's, and ink
    with pytest.raises(UsageError, match="cannot be told apart"):
        looks(figures([row("ghz:n=4", f"b{k:02}") for k in range(22)]))


def test_more_panels_than_fit_are_refused():
    rows = [row(f"w{k}:n=4", "a") for k in range(25)]
    with pytest.raises(UsageError, match="25 panels"):
        scaling(figures(rows))
    with pytest.raises(UsageError, match="the map holds"):
        winners(figures([row("w:n=4", f"b{k}") for k in range(17)]))


def test_machines_are_drawn_apart(tmp_path):
    rows = cell("ghz:n=4", "a") + cell("ghz:n=4", "a", host="there", seconds=5.0)
    with pytest.raises(UsageError, match="measured on 2 machines: here .*, there .*--host"):
        plot(rows, "scaling", tmp_path / "p.png")
    plot(rows, "scaling", tmp_path / "p.png", host="there")
    with pytest.raises(UsageError, match="'hree'.*'here'"):
        plot(rows, "scaling", tmp_path / "p.png", host="hree")
    with pytest.raises(UsageError, match="no results"):
        plot([row("ghz:n=4", "a", suite="null@1")], "scaling", tmp_path / "p.png")


def test_the_newest_environment_counts():
    rows = cell("ghz:n=4", "a", processes=1) + [row("ghz:n=4", "a", process=1, environment={"versions": {"numpy": "3"}})]
    (figure,) = naming.of_machine(figures(rows), None)
    assert figure.environment["versions"] == {"numpy": "3"}


def test_names_are_drawn_as_they_are_written(tmp_path):
    """Mathematics, line breaks, letters that the font has not, and names of nothing."""
    hostile = ["$\\frac{", "a\nb", "\N{CJK UNIFIED IDEOGRAPH-91CF}", "<script>", ":", "x" * 500, "a#b:c:d", "=,=,"]
    rows = [line for name in hostile for line in cell(name, name)]
    for kind in ("scaling", "winners"):
        plot(rows, kind, tmp_path / "p.svg")
    ElementTree.parse(tmp_path / "p.svg")


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("su4_brick:n=4,depth=2", "su4_brick", {"n": "4", "depth": "2"}),
        ("fakes.py#0123456789abcdef:fake:mode=zeros", "fake", {"mode": "zeros"}),
        ("ghz", "ghz", {}),
        ("", "", {}),
    ],
)
def test_members_written_in_rows(text, name, options):
    assert naming.split(text) == (name, options)


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["hybrid", "bench", "plot", *map(str, words)])
    code = 0
    try:
        main()
    except SystemExit as left:
        code = left.code
    return code, capsys.readouterr()


def test_the_command_draws_and_says_so(tmp_path, monkeypatch, capsys):
    rows, target = write(tmp_path / "r.jsonl", everything()), tmp_path / "p.svg"
    code, said = run(monkeypatch, capsys, rows, "--kind", "scaling", "--out", target)
    assert (code, said.out, said.err) == (0, "", f"drawn: {target}\n")
    assert len(read(rows)) == len(everything())


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["r.jsonl", "--kind", "scalin", "--out", "p.png"], 2, "unknown kind of plot 'scalin'"),
        (["r.jsonl", "--kind", "scaling", "--out", "p.gif"], 2, "a plot is written as .png or .svg"),
        (["no.jsonl", "--kind", "scaling", "--out", "p.png"], 2, "no.jsonl"),
        (["r.jsonl", "--kind", "scaling", "--out", "nowhere/p.png"], 2, "cannot be written"),
        (["bad.jsonl", "--kind", "scaling", "--out", "p.png"], 5, "bad.jsonl:1"),
    ],
)
def test_wrong_arguments(words, code, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "r.jsonl", cell("ghz:n=4", "a"))
    (tmp_path / "bad.jsonl").write_text("{}\n")
    found, said = run(monkeypatch, capsys, *words)
    assert found == code and told in said.err, said.err


def test_without_matplotlib(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    rows = write(tmp_path / "r.jsonl", cell("ghz:n=4", "a"))
    code, said = run(monkeypatch, capsys, rows, "--kind", "scaling", "--out", tmp_path / "p.png")
    assert code == 69 and "bench plot needs matplotlib. Install it with: pip install" in said.err


def test_the_command_line_knows_every_kind():
    assert set(bench_pages.KINDS) == set(KINDS)
    assert all(f"{kind}:" in bench_pages.PLOT_HELP for kind in KINDS)
