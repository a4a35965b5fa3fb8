"""Pictures of benchmarks: what was wrong never wins, what ended early is seen, one machine at a time, whatever names hold."""

import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest
from bench_rows import cell, everything, row, write
from matplotlib.colors import to_hex

from hybrid.base.errors import UsageError
from hybrid.bench import naming
from hybrid.bench.naming import only
from hybrid.bench.rows import read
from hybrid.bench.summary import figures
from hybrid.cli import bench_pages
from hybrid.figures.bench import KINDS, picture, plot
from hybrid.figures.bench.drift import WINDOW, drift
from hybrid.figures.bench.lines import EXACT, FAR, error_time, memory, relative_error, scaling
from hybrid.figures.bench.maps import relative, volumetric
from hybrid.figures.bench.marks import looks
from hybrid.figures.bench.profile import profile
from hybrid.figures.bench.winners import winners
from hybrid.figures.style import STYLE

SIGNATURES = {".png": b"\x89PNG", ".svg": b"<?xml"}


@pytest.fixture(scope="module")
def found():
    return figures(everything())


@pytest.fixture(autouse=True)
def settings():
    with matplotlib.rc_context(STYLE):
        yield


def texts(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_and_nothing_overlaps(kind, found):
    """Titles, legend, panels and footer lie apart; no warning comes from the layout."""
    if kind == "profile":
        found = figures(only(everything(), [], ["aer:method=statevector", "exact"]))
    drawn = picture(found, kind, [])
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
    target, rows = tmp_path / f"p{suffix}", cell("ghz:n=4", "a") + cell("ghz:n=8", "a") + cell("ghz:n=4", "b", status="wrong")
    plot(rows, "scaling", target)
    first = target.read_bytes()
    assert first.startswith(SIGNATURES[suffix])
    plot(rows, "scaling", target)
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
    drawn = relative(figures(rows))
    assert sorted(texts(drawn.axes[0])) == sorted(["wrong", "1.00x", "2.0x", "unverified"])
    assert {patch.get_hatch() for patch in drawn.axes[0].patches} == {None, "////", "---"}
    assert texts(winners(figures(rows)).axes[0]) == ["slow\n2.0x"]


def test_the_map_of_winners_has_a_place_for_every_family_and_width():
    rows = cell("ghz:n=4", "a") + cell("ghz:n=4", "b", seconds=3e-3) + cell("ghz:n=8", "b") + cell("ghz:n=8", "a", seconds=9e-3)
    rows += cell("qft:n=8", "a") + cell("qft:n=8", "b", seconds=1.01e-3) + cell("qft:n=4", "a", status="wrong")
    rows += cell("bv:n=4", "a") + cell("hea:n=4", "a", processes=3) + cell("hea:n=4", "b", processes=3, seconds=2e-3)
    axes = winners(figures(rows)).axes[0]
    said = {(round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in axes.texts}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bv", "ghz", "hea", "qft"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4", "8"]
    assert said == {
        **{(0, 0): "(a)\nalone", (0, 1): "a\n3.0x", (1, 1): "b\n9.0x", (0, 2): "a\n2.0x ?"},
        **{(0, 3): "nobody right", (1, 3): "undecided\n1.01x apart"},
    }
    faces = {(round(p.get_x() + 0.5), round(p.get_y() + 0.5)): p for p in axes.patches}
    assert faces[0, 1].get_facecolor() != faces[1, 1].get_facecolor()  # a and b, each its colour
    assert faces[0, 0].get_facecolor() == faces[1, 3].get_facecolor()  # nobody's
    assert faces[0, 3].get_hatch() == "////" and faces[0, 2].get_facecolor() != faces[0, 1].get_facecolor()


def test_a_family_asked_twice_at_one_width_takes_two_rows():
    rows = [line for name in ("ghz:n=4", "ghz:bits=4") for line in cell(name, "a")]
    axes = winners(figures(rows)).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ghz", "ghz"]
    assert len({text.get_position() for text in axes.texts}) == 2


def test_the_noise_of_the_machine_forbids_a_winner():
    rows = cell("ghz:n=4", "a") + cell("ghz:n=4", "b", seconds=1.3e-3)
    noise = [row("null:n=4", "a", suite="null@1", seconds=1e-3 * 3 ** (k % 2), process=k) for k in range(18)]
    assert texts(winners(figures(rows), rows).axes[0]) == ["a\n1.30x"]
    assert texts(winners(figures(rows), [*rows, *noise]).axes[0]) == ["undecided\n1.30x apart"]


def steps(drawn, name):
    """The points of a profile's curve."""
    axes, colours = drawn.axes[0], {text.get_text(): line.get_color() for text, line in _legend(drawn)}
    (line,) = [line for line in axes.lines if line.get_drawstyle() == "steps-post" and line.get_color() == colours[name]]
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def _legend(drawn):
    (legend,) = drawn.legends
    return zip(legend.get_texts(), legend.get_lines(), strict=True)


def test_a_profile_by_hand():
    """Three questions to both: a is fastest at two and wrong at one; b answers all, twice in four times the least time."""
    rows = [line for k in (1, 2) for line in cell(f"w{k}:n=4", "a") + cell(f"w{k}:n=4", "b", seconds=4e-3)]
    rows += cell("w3:n=4", "a", seconds=1e-9, status="wrong") + cell("w3:n=4", "b")
    rows += cell("w4:n=4", "b", seconds=1e-9)  # which a was not asked
    drawn = profile(figures(rows))
    assert [round(y, 3) for _, y in steps(drawn, "a")] == [0.667] * 4
    found = steps(drawn, "b")
    assert [(round(x, 3), round(y, 3)) for x, y in found[:-1]] == [(1, 0.333), (1, 0.333), (4, 1), (4, 1)]
    assert found[-1][1] == 1 and "3 questions" in drawn.texts[1].get_text()


def test_a_profile_needs_common_questions():
    rows = (
        cell("w1:n=4", "a") + cell("w2:n=4", "b") + [x for k in "34" for x in cell(f"w{k}:n=4", "b") + cell(f"w{k}:n=4", "c")]
    )
    with pytest.raises(UsageError, match=r"0 were put to all of 3. b and c share 2: .* --backend b --backend c."):
        profile(figures(rows))
    assert profile(figures(only(rows, [], ["b", "c"])))


def test_drift_shows_every_process_of_every_session():
    rows = cell("ghz:n=4", "a", processes=20)
    late = [line | {"session": "1" * 12, "time": line["time"] + 9000} for line in cell("ghz:n=4", "b", seconds=5.0)]
    noise = [row("null:n=4", "a", suite="null@1", process=k) | {"session": "2" * 12} for k in range(4)]
    few = cell("ghz:n=8", "a", processes=2)
    elsewhere = [row("null:n=4", "a", suite="null@1", process=k, host="there") for k in range(4)]
    drawn = drift(figures([*rows, *late, *few]), [*rows, *noise, *elsewhere])
    shown = {axes.get_title(loc="left").split()[-1]: axes.lines[0] for axes in drawn.axes}
    assert {name: len(line.get_xdata()) for name, line in shown.items()} == {"0" * 12: 20, "1" * 12: 9, "2" * 12: 4}
    heights = shown["0" * 12].get_ydata()
    assert heights[0] == pytest.approx(1 / 1.095) and heights[-1] == pytest.approx(
        1.19 / 1.095
    )  # 1 % more from one to the next
    assert len(drawn.axes[0].lines[1].get_xdata()) == 20 - WINDOW + 1
    with pytest.raises(UsageError, match="no cell has 3 processes"):
        drift(figures(few), few)


def test_what_tells_nothing_is_left_out_and_named():
    rows = cell("ghz:n=4", "a") + cell("ghz:n=8", "a") + cell("qft:n=4", "a")
    for draw in (scaling, memory):
        drawn = draw(figures(rows))
        assert [axes.get_title(loc="left") for axes in drawn.axes] == ["ghz"]
        assert "measured at one width: qft" in drawn.texts[1].get_text().replace("\n", " ")
    assert len(scaling(figures(rows[-9:])).axes) == 1  # but not where there is nothing else
    rows = cell("ghz:n=4", "a", error=0.0) + cell("qft:n=4", "a", error=5e-11)
    assert [axes.get_title(loc="left") for axes in error_time(figures(rows)).axes] == ["qft"]
    rows = [x for n in (4, 6) for d in (2, 3) for x in cell(f"su4_brick:n={n},depth={d}", "a")] + cell(
        "hea_depth:n=4,depth=2", "a"
    )
    drawn = volumetric(figures(rows))
    assert [axes.get_title(loc="left") for axes in drawn.axes if axes.get_title(loc="left")] == ["su4_brick\na"]
    assert "one width or one depth: hea_depth" in drawn.texts[1].get_text().replace("\n", " ")


def test_theory_does_not_dwarf_what_was_measured():
    rows = cell("ghz:n=12", "a", memory=2_000_000) + cell("ghz:n=100", "a", memory=8_000_000)
    low, high = memory(figures(rows)).axes[0].get_ylim()
    assert 100 < low < 2_000_000 and 8_000_000 < high < 1e9


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
        relative(figures([row("w:n=4", f"b{k}") for k in range(17)]))
    with pytest.raises(UsageError, match="the map holds"):
        winners(figures([row(f"w:n={k}", "a", n=k) for k in range(25)]))


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
    for kind in ("scaling", "winners", "relative"):
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


def run(command, *words):
    done = command("bench", "plot", *words)
    return done.code, done


def test_the_command_draws_and_says_so(tmp_path, command):
    made = cell("ghz:n=4", "a") + cell("ghz:n=8", "a") + cell("qft:n=4", "b")
    rows, target = write(tmp_path / "r.jsonl", made), tmp_path / "p.svg"
    code, said = run(command, rows, "--kind", "scaling", "--workload", "ghz", "--backend", "a", "--out", target)
    assert (code, said.out, said.err) == (0, "", f"drawn: {target}\n")
    assert len(read(rows)) == len(made)


def test_only_some_are_drawn():
    rows = [row(w, b) for w in ("su4_brick:n=4", "ghz:n=4") for b in ("aer", "aer:bond=2", "exact")]
    noise = [row("null:n=4", "exact", suite="null@1")]

    def left(workloads, backends):
        return [(line["cell"]["workload"], line["cell"]["backend"]) for line in only([*rows, *noise], workloads, backends)]

    assert left([], ["aer"]) == [("su4_brick:n=4", "aer"), ("ghz:n=4", "aer"), ("null:n=4", "exact")]
    assert left(["su4-brick"], ["aer:bond=2", "exact"])[:-1] == [("su4_brick:n=4", "aer:bond=2"), ("su4_brick:n=4", "exact")]
    assert len(only([line for line in rows if line["cell"]["backend"] != "aer"], [], ["aer"])) == 2  # any Aer
    with pytest.raises(UsageError, match="unknown workload in these rows 'gzh'. Did you mean 'ghz'?"):
        left(["gzh"], [])
    with pytest.raises(UsageError, match="unknown backend in these rows 'qulacs'"):
        left([], ["qulacs"])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["r.jsonl", "--kind", "scalin", "--out", "p.png"], 2, "unknown kind of plot 'scalin'"),
        (["r.jsonl", "--kind", "scaling", "--out", "p.gif"], 2, "a plot is written as .png, .svg or .pdf"),
        (["no.jsonl", "--kind", "scaling", "--out", "p.png"], 2, "no.jsonl"),
        (["r.jsonl", "--kind", "scaling", "--out", "nowhere/p.png"], 2, "cannot be written"),
        (["bad.jsonl", "--kind", "scaling", "--out", "p.png"], 5, "bad.jsonl:1"),
    ],
)
def test_wrong_arguments(words, code, told, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "r.jsonl", cell("ghz:n=4", "a"))
    (tmp_path / "bad.jsonl").write_text("{}\n")
    found, said = run(command, *words)
    assert found == code and told in said.err, said.err


def test_without_matplotlib(tmp_path, monkeypatch, command):
    monkeypatch.setattr("hybrid.cli.pictures.find_spec", lambda name: None)
    rows = write(tmp_path / "r.jsonl", cell("ghz:n=4", "a"))
    code, said = run(command, rows, "--kind", "scaling", "--out", tmp_path / "p.png")
    assert code == 69 and "bench plot needs matplotlib. Install it with: pip install" in said.err


def test_the_command_line_knows_every_kind():
    assert set(bench_pages.KINDS) == set(KINDS)
    assert all(f"{kind}:" in bench_pages.PLOT_HELP for kind in KINDS)
