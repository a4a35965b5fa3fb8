"""The picture of a run: what it shows, in which units and with which sign, and that it draws unfinished runs too."""

import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread

from hybrid.base.errors import RecordError, UsageError
from hybrid.cli import app
from hybrid.figures.convergence import convergence, draw, running_mean
from hybrid.figures.style import PAPER
from hybrid.figures.trace import read_trace
from hybrid.runs import device_interval, result
from hybrid.runs import run as session
from hybrid.runs.spec import Spec

RUNS = {
    "exact": Spec(problem="h2", max_iterations=4),
    "noisy": Spec(problem="h2", device="meluxina-q", shots=100, max_iterations=20, backend="exact"),
    "gradients": Spec(problem="h2", shots=50, optimizer="adam", max_iterations=3),
    "shifted": Spec(problem="tfim:n=2", shots=50, optimizer="rotosolve", max_iterations=4),
    "cut": Spec(problem="maxcut:graph=ring,n=4", max_iterations=3),
    "evaluated": Spec(problem="h2", max_evals=0),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device_interval, "INTERVAL_QUBITS", 0)  # no picture shows other devices
        for name, spec in RUNS.items():
            session.run(spec, path)
            (path / f"{spec.id}.jsonl").rename(path / f"{name}.jsonl")
    return path


def labels(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def words(figure) -> str:
    return " ".join(text.get_text() for text in figure.texts)


def cut_short(path: Path, target: Path, n_lines: int, torn: str = "") -> Path:
    target.write_text("".join(path.read_text().splitlines(keepends=True)[:n_lines]) + torn)
    return target


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_every_kind_of_run_draws(folder, tmp_path, name, suffix):
    before = dict(matplotlib.rcParams)
    convergence(folder / f"{name}.jsonl", target := tmp_path / f"plot{suffix}")
    assert target.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" if suffix == ".png" else b"<svg" in target.read_bytes()
    assert dict(matplotlib.rcParams) == before


def test_the_picture_is_opaque_and_large_enough_to_halve(folder, tmp_path):
    convergence(folder / "exact.jsonl", target := tmp_path / "plot.png")
    pixels = imread(target)
    assert pixels.shape[0] >= 900
    assert pixels.shape[1] >= 1200
    paper = [int(PAPER[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    assert pixels[0, 0, :3] == pytest.approx(paper, abs=0.01)
    assert (pixels[..., 3:] == 1).all()


def test_the_same_record_draws_the_same_svg(folder, tmp_path):
    for target in (first := tmp_path / "a.svg", second := tmp_path / "b.svg"):
        convergence(folder / "noisy.jsonl", target)
    assert first.read_bytes() == second.read_bytes()


def test_title_caveat_axes_and_levels_of_an_exact_run(folder):
    trace = read_trace(folder / "exact.jsonl")
    figure = draw(trace)
    axes = figure.axes[0]
    assert "vqe of h2 on ideal" in words(figure)
    assert "No real machine is like this" in words(figure)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("evaluations", "energy (Ha)")
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["exact"].get_ydata()[0] == pytest.approx(-1.137306036, abs=1e-8)
    assert lines["Hartree-Fock"].get_ydata()[0] == pytest.approx(-1.116998997, abs=1e-8)
    assert lines["at the optimiser's x"].get_xdata() == pytest.approx([1, 2, 3, 4])
    assert any(label.startswith("final −1.1") and label.endswith(" Ha") for label in labels(figure))


def test_a_noisy_run_shows_every_point_with_its_error_and_the_mean(folder):
    trace = read_trace(folder / "noisy.jsonl")
    figure = draw(trace)
    assert trace.at == list(range(1, 41))
    assert min(trace.stderr) > 0
    assert {"measured point", "mean of 5 points", "exact"} <= set(labels(figure))
    assert any("(" in label for label in labels(figure) if label.startswith("final"))
    assert "Not a prediction" in words(figure)


def test_points_that_lie_apart_on_purpose_get_no_mean(folder):
    assert not any(label.startswith("mean of") for label in labels(draw(read_trace(folder / "shifted.jsonl"))))


def test_noisy_gradients_get_a_band_of_one_standard_error(folder):
    trace = read_trace(folder / "gradients.jsonl")
    figure = draw(trace)
    assert "± standard error" in labels(figure)
    (band,) = figure.axes[0].collections[:1]
    edges = band.get_paths()[0].vertices[:, 1]
    assert edges.max() == pytest.approx(np.max(np.add(trace.value, trace.stderr)))


def test_a_maximum_is_drawn_as_positive_cuts(folder):
    axes = draw(read_trace(folder / "cut.jsonl")).axes[0]
    assert all(np.min(line.get_ydata()) > 0 for line in axes.lines)
    assert axes.get_ylabel() == "cut"


def test_unfinished_runs_say_so(folder, tmp_path):
    half = cut_short(folder / "noisy.jsonl", tmp_path / "half.jsonl", 8, torn='{"kind": "ans')
    trace = read_trace(half)
    assert "Unfinished: 7 answers so far" in " ".join(words(draw(trace)).split())
    convergence(half, tmp_path / "half.png")
    half = cut_short(folder / "gradients.jsonl", tmp_path / "gradients.jsonl", 3)
    assert read_trace(half).at == [17, 34]


def test_names_that_look_like_mathematics_are_taken_as_they_are(folder, tmp_path):
    trace = read_trace(folder / "exact.jsonl")
    trace.start["resolved"]["problem"] = "pauli:file=a$_$b^.pauli#0123" * 4
    trace.stop["report"] |= {"unit": "$x", "quantity": "a_$b", "baseline_name": "$\\frac$", "caveat": "$\\bad " * 80}
    draw(trace).savefig(tmp_path / "a.png")


def test_the_running_mean():
    assert running_mean(np.array([1.0, 2.0, 3.0, 6.0]), 2) == pytest.approx([1.5, 2.5, 4.5])


def test_what_cannot_be_drawn_is_an_error(folder, tmp_path):
    with pytest.raises(UsageError, match=r"plot\.eps: a plot is written as \.png, \.svg or \.pdf"):
        convergence(folder / "exact.jsonl", tmp_path / "plot.eps")
    with pytest.raises(UsageError, match="cannot be written"):
        convergence(folder / "exact.jsonl", tmp_path / "nowhere" / "plot.png")
    with pytest.raises(UsageError, match="holds no answers yet"):
        convergence(cut_short(folder / "exact.jsonl", tmp_path / "start.jsonl", 1), tmp_path / "plot.png")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(RecordError, match="holds no whole line yet"):
        convergence(tmp_path / "empty.jsonl", tmp_path / "plot.png")
    (tmp_path / "bad.jsonl").write_text("nonsense\n")
    with pytest.raises(RecordError, match=r"bad\.jsonl:1"):
        convergence(tmp_path / "bad.jsonl", tmp_path / "plot.png")
    assert result.finished(folder / "exact.jsonl")


def test_pyplot_and_its_global_state_stay_away(folder, tmp_path):
    code = f"""if True:
        import sys
        from pathlib import Path
        from hybrid.figures.convergence import convergence
        convergence(Path({str(folder / "exact.jsonl")!r}), Path({str(tmp_path / "plot.png")!r}))
        print("matplotlib.pyplot" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_without_matplotlib_the_command_says_how_to_install_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["hybrid", "run", "h2", "--plot"])
    with pytest.raises(SystemExit) as left:
        app.main()
    out, err = capsys.readouterr()
    assert (left.value.code, out) == (69, "")
    assert err == "hybrid: --plot needs matplotlib. Install it with: pip install 'hybrid-sandbox[plot]'\n"
    assert not list(tmp_path.iterdir())
