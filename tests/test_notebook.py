"""What a notebook shows of results: small tables, figures, columns, a line of progress; an interrupt keeps the record."""

import subprocess
import sys
import warnings
from dataclasses import replace

import pytest
from bench_rows import everything
from matplotlib.figure import Figure
from rehearsals import rehearsed
from test_bench_report import HOSTILE, Page

import hybrid
from hybrid.base.display import HISTORY, PLOTS, TABLES
from hybrid.bench.rows import RowFile
from hybrid.runs.spec import Spec
from hybrid.runs.watching import Watcher, progress_line

QUICK = Spec(problem="h2", shots=50, max_evals=6)
NOISY = replace(QUICK, device="meluxina-q", backend="exact")
MOST_CHARACTERS = 18_000
"""Of a table: twenty-one rows of six cells, each with its style of 120 characters and words."""
KERNEL_SECONDS = 120
"""Only ends a kernel that hangs."""
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
        "benchmarks": hybrid.BenchmarkTable(tuple(everything())),
    }


NAMES = (
    *("result", "verdict", "repetitions", "sweep", "ledger", "budget", "rehearsal", "device verdict", "device", "counts"),
    *("self-test", "benchmarks"),
)
WITHOUT_FIGURE = ("verdict", "device verdict")
WIDE = ("self-test", "benchmarks")
"""Figures that take two columns of a journal."""


@pytest.mark.parametrize("name", NAMES)
def test_a_small_table_in_the_colours_of_the_page(name, shown):
    text = shown[name]._repr_html_()
    found = Page(text)
    assert set(found.tags) <= TAGS and len(text) < MOST_CHARACTERS
    styles = {value for _, key, value in found.attributes if key == "style"}
    assert not any("background" in style or "color:" in style.replace("-color", "") for style in styles)
    said = " ".join(found.said)
    if name not in (*WITHOUT_FIGURE, "benchmarks"):
        assert "prediction" in said or "No real machine" in said  # the caveat goes with the numbers


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_FIGURE])
def test_a_figure(name, shown):
    drawn = shown[name].plot(style="paper", title="mine")
    assert isinstance(drawn, Figure) and drawn.texts[0].get_text() == "mine"
    picture, about = drawn._repr_png_()
    assert picture[:4] == b"\x89PNG" and about == {"width": round(96 * 8.6 / 2.54)} or name in WIDE


def test_benchmarks_are_read_from_their_file(tmp_path):
    """The same table as from its rows; a wrong answer is not compared, a machine that is not there is named, as is a kind."""
    rows = [row for row in everything() if row["cell"]["workload"].startswith("su4_brick:n=12")]
    with RowFile(tmp_path / "rows.jsonl") as file:
        for row in rows:
            file.append(row)
    read = hybrid.BenchmarkTable.load(tmp_path / "rows.jsonl")
    assert read.rows == tuple(rows) and read._repr_html_() == hybrid.BenchmarkTable(tuple(rows))._repr_html_()
    said = Page(read._repr_html_()).said
    assert said.count("wrong") == sum(figure.state == "wrong" for figure in read.figures) > 0
    assert said.count("1.00x") == 2  # the fastest of either depth
    assert read.plot("memory").texts[0].get_text() == "Peak memory against width"
    with pytest.raises(hybrid.HybridError, match="unknown kind of plot 'memry'. Did you mean 'memory'"):
        read.plot("memry")
    with pytest.raises(hybrid.HybridError, match="unknown host"):
        hybrid.BenchmarkTable(tuple(rows), "there")._repr_html_()


def test_times_have_units_of_their_size(shown):
    """22 ms, not 22,000 us or 0.022 s; of a self-test microseconds."""
    assert "22.0 ms" in Page(shown["device"]._repr_html_()).said
    tested = hybrid.characterize("spin-sige-6q", only=["ramsey"], shots=100, backend="exact")
    said = Page(tested._repr_html_()).said
    assert "3 us" in said and sum(text.endswith(" us") for text in said) == 2 * len(tested.rows)


def test_a_sweep_with_one_run_a_point_has_no_quartiles(shown):
    assert {"finished", "value"} <= {*Page(shown["sweep"]._repr_html_()).said}
    assert "quartiles" not in shown["sweep"]._repr_html_()


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


@pytest.fixture
def kernel(tmp_path):
    """A client of a kernel as a notebook has it, in an empty folder."""
    manager = pytest.importorskip("jupyter_client.manager", reason="only with hybrid-sandbox[notebook]")
    pytest.importorskip("ipykernel", reason="only with hybrid-sandbox[notebook]")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Jupyter's own, of paths and of transports
        one = manager.KernelManager(kernel_name="python3")
        one.start_kernel(cwd=tmp_path)
        client = one.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=KERNEL_SECONDS)
            yield one, client
        finally:
            client.stop_channels()
            one.shutdown_kernel(now=True)


IN_A_CELL = "import hybrid; done = hybrid.run(hybrid.Spec(**{spec}), watcher=hybrid.progress_line(), force=True)"
LONG = {"problem": "h2", "device": "meluxina-q", "backend": "exact", "shots": 50, "max_evals": 3000}


def messages(client, sent):
    """What a cell puts out, until it has ended."""
    while True:
        message = client.get_iopub_msg(timeout=KERNEL_SECONDS)
        if message["parent_header"].get("msg_id") != sent:
            continue
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return
        yield message


@pytest.mark.slow
def test_the_interrupt_of_a_kernel_keeps_the_record(kernel, tmp_path):
    """The button of a notebook, while a run works: what was measured is read again, and the run goes on from there."""
    manager, client = kernel
    sent, kinds = client.execute(IN_A_CELL.format(spec=LONG)), []
    for message in messages(client, sent):
        kinds.append(message["msg_type"])
        if kinds[-1] == "update_display_data" and kinds.count(kinds[-1]) == 2:  # once: a second one ends the kernel's own work
            manager.interrupt_kernel()
    replies = iter(lambda: client.get_shell_msg(timeout=KERNEL_SECONDS), None)
    reply = next(one for one in replies if one["parent_header"]["msg_id"] == sent)
    assert reply["content"].get("ename") == "KeyboardInterrupt", reply["content"]
    seen = []

    def until_measured(progress):
        seen.append(progress.replayed)
        if not progress.replayed:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hybrid.run(Spec(**LONG), tmp_path / "results", watcher=Watcher(progress=until_measured), force=True)
    assert sum(seen) >= 30 and not seen[-1]  # three times one per cent of 3000 evaluations, two or more an answer


@pytest.mark.slow
def test_progress_in_a_notebook_is_one_output(kernel):
    """That is exchanged, so that a saved notebook keeps its last words only, and nothing is on stderr."""
    _, client = kernel
    kept = [*messages(client, client.execute(IN_A_CELL.format(spec=LONG | {"max_evals": 60})))]
    shown = [message for message in kept if message["msg_type"] in ("display_data", "update_display_data")]
    assert [message["msg_type"] for message in shown].count("display_data") == 1
    assert len({message["content"]["transient"]["display_id"] for message in shown}) == 1
    assert shown[-1]["content"]["data"]["text/plain"].startswith("100 %, 60 evaluations: -")
    assert not [message for message in kept if message["msg_type"] in ("stream", "error")]


def test_progress_is_one_line_that_is_written_over(tmp_path, capsys):
    hybrid.run(QUICK, tmp_path, watcher=progress_line(), force=True)
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("\r") and err.endswith("\n") and err.count("\n") == 1
    lines = [line.rstrip() for line in err.rstrip("\n").split("\r") if line]
    assert (
        lines[-1].startswith("100 %, 6 evaluations: -") and len({len(line) for line in err.rstrip("\n").split("\r")[1:]}) == 1
    )
