"""What a notebook shows of results: small tables, figures, columns, a line of progress; an interrupt keeps the record."""

import subprocess
import sys
from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from rehearsals import rehearsed
from test_bench_report import HOSTILE, Page

import hybrid
from hybrid.base.display import HISTORY, PLOTS, TABLES
from hybrid.runs.spec import Spec
from hybrid.runs.watching import Watcher, progress_line

QUICK = Spec(problem="h2", shots=50, max_evals=6)
NOISY = replace(QUICK, device="meluxina-q", backend="exact")
MOST_CHARACTERS = 12_000
"""Of a table: twenty rows of six cells, each with its style of 120 characters."""
TAGS = {"div", "b", "table", "tbody", "tr", "td", "th"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def shown(folder):
    """One of everything that has a table."""
    result = hybrid.run(NOISY, folder, force=True, device_interval=False)
    rehearsal = rehearsed(QUICK, folder)
    return {
        "result": result,
        "verdict": result.verdict,
        "repetitions": hybrid.repeat(QUICK, 2, folder, processes=1, force=True),
        "sweep": hybrid.sweep(problem="h2", shots=[50, 100], max_evals=6, results=folder, options={"force": True}),
        "ledger": hybrid.mitigate(result.id, results=folder, realizations=8),
        "budget": hybrid.explain(result.id, results=folder, realizations=8),
        "rehearsal": rehearsal,
        "device verdict": rehearsal.devices[0],
        "device": hybrid.Device.load("meluxina-q"),
        "counts": hybrid.sample("ghz:n=3", device="meluxina-q", shots=100, backend="exact"),
        "self-test": hybrid.characterize("spin-sige-6q", only=["bell"], shots=100, backend="exact"),
    }


NAMES = (
    *("result", "verdict", "repetitions", "sweep", "ledger", "budget", "rehearsal", "device verdict", "device", "counts"),
    "self-test",
)
WITHOUT_FIGURE = ("verdict", "device verdict")


@pytest.mark.parametrize("name", NAMES)
def test_a_small_table_in_the_colours_of_the_page(name, shown):
    text = shown[name]._repr_html_()
    found = Page(text)
    assert set(found.tags) <= TAGS and len(text) < MOST_CHARACTERS
    styles = {value for _, key, value in found.attributes if key == "style"}
    assert not any("background" in style or "color:" in style.replace("-color", "") for style in styles)
    said = " ".join(found.said)
    if name not in WITHOUT_FIGURE:
        assert "prediction" in said or "No real machine" in said  # the caveat goes with the numbers


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_FIGURE])
def test_a_figure(name, shown):
    drawn = shown[name].plot(style="paper", title="mine")
    assert isinstance(drawn, Figure) and drawn.texts[0].get_text() == "mine"
    assert drawn._repr_png_()[:4] == b"\x89PNG"


def test_nothing_that_a_result_says_becomes_markup(shown):
    first, *others = HOSTILE
    hostile = replace(shown["result"], problem=first, caveat=others[0], quantity=others[1], unit=others[2], physics=others[4])
    found = Page(hostile._repr_html_())
    assert set(found.tags) <= TAGS and first in "".join(found.said)


def test_columns_of_the_history(shown):
    result = shown["result"]
    history = result.history
    assert {len(column) for column in history.values()} == {result.nfev}
    assert history["evaluation"] == list(range(1, result.nfev + 1))
    assert min(history["stderr"]) > 0 and not any(history["on_path"])


def test_a_cut_is_positive_in_the_history(folder):
    cut = hybrid.run(Spec(problem="maxcut:graph=ring,n=4", max_iterations=2), folder)
    assert min(cut.history["value"]) > 0


def test_pandas_takes_the_history(shown):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(shown["result"].history)
    assert list(frame.columns) == ["evaluation", "value", "stderr", "on_path"] and frame.value.dtype == float


def test_what_shows_is_loaded_when_it_is_asked_for():
    """A result stays light: its room imports nothing that draws, and no table loads matplotlib."""
    code = (
        "import sys, hybrid\nhybrid.Result, hybrid.Device\n"
        f"assert not {{{TABLES!r}, {PLOTS!r}, {HISTORY!r}, 'matplotlib'}} & set(sys.modules)\n"
        "hybrid.Device.load('meluxina-q')._repr_html_()\nassert 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_a_plot_says_what_to_install(shown, monkeypatch):
    monkeypatch.setattr("hybrid.base.display.find_spec", lambda name: None)
    with pytest.raises(hybrid.HybridError, match=r"plot\(\) needs matplotlib.*hybrid-sandbox\[plot\]"):
        shown["device"].plot()


def test_an_interrupt_keeps_the_record(tmp_path):
    """KeyboardInterrupt after the second of three answers, as a notebook raises it; the same call then goes on."""
    answers = []

    def interrupt(progress):
        answers.append(progress)
        if len(answers) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hybrid.run(QUICK, tmp_path, watcher=Watcher(progress=interrupt), force=True)
    seen = []
    again = hybrid.run(QUICK, tmp_path, watcher=Watcher(progress=seen.append), force=True)
    assert [one.replayed for one in seen] == [True, True, False]
    assert again.digest == hybrid.run(QUICK, tmp_path / "whole", force=True).digest


def test_progress_is_one_line_that_is_written_over(tmp_path, capsys):
    hybrid.run(QUICK, tmp_path, watcher=progress_line(), force=True)
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("\r") and err.endswith("\n") and err.count("\n") == 1
    lines = [line.rstrip() for line in err.rstrip("\n").split("\r") if line]
    assert (
        lines[-1].startswith("100 %, 6 evaluations: -") and len({len(line) for line in err.rstrip("\n").split("\r")[1:]}) == 1
    )
