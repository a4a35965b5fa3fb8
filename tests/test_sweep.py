"""Sweeps: grids from lists and ranges, runs that are skipped, continued or failed, and workers that are killed."""

import importlib
import json
import os
import time
from pathlib import Path

import pytest

import hybrid
from hybrid.base.errors import Interrupted, Stopped, UsageError
from hybrid.cli.sweep_display import SweepDisplay
from hybrid.figures.against_axis import against_axis
from hybrid.runs.axes import MOST_RUNS, grid
from hybrid.runs.axis_values import curves, of_result, of_row
from hybrid.runs.executors import local as executor
from hybrid.runs.executors.local import Local
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.runs.worker import walk
from hybrid.runs.worklist import Event, SweepWatcher, Worklist

compile, running = (importlib.import_module(f"hybrid.{name}") for name in ("measure.compile", "runs.run"))
SHORT = {"problem": "h2", "shots": 100, "max_evals": 6, "backend": "exact"}


def names(found):
    return [(axis.name, axis.values) for axis in found.axes]


@pytest.mark.parametrize(
    ("fields", "axes"),
    [
        ({"problem": "h2:distance=0.4..1..0.2"}, [("problem.distance", (0.4, 0.6, 0.8, 1.0))]),
        ({"problem": "h2", "seed": "0..3"}, [("seed", (0, 1, 2, 3))]),
        ({"problem": "h2", "seed": range(2)}, [("seed", (0, 1))]),
        ({"problem": "h2", "shots": "100,200..300..50"}, [("shots", (100, 200, 250, 300))]),
        ({"problem": "h2", "device": "ideal,meluxina-q"}, [("device", ("ideal", "meluxina-q"))]),
        (
            {"problem": "h2", "optimizer": "spsa,adam:learning_rate=0.1,0.2"},
            [("optimizer", ("spsa", "adam:learning_rate=0.1", "adam:learning_rate=0.2"))],
        ),
        ({"problem": "h2", "initial_point": [0.1] * 8}, []),
        ({"problem": "h2", "initial_point": [[0.1], [0.2]]}, [("initial_point", ([0.1], [0.2]))]),
        ({"problem": "h2", "max_qpu": "30min,1h"}, [("max_qpu", ("30min", "1h"))]),
    ],
)
def test_axes(fields, axes):
    assert names(grid(fields)) == axes


def test_crossed_and_zipped():
    """The last axis is the fastest; zipped ones are a single one."""
    crossed = grid({"problem": "tfim:n=2..3", "algorithm": "vqe", "seed": "0..1"})
    assert [(spec.problem, spec.seed) for spec in crossed.specs] == [
        *(("tfim:n=2", 0), ("tfim:n=2", 1), ("tfim:n=3", 0), ("tfim:n=3", 1))
    ]
    together = grid({"problem": "tfim:n=2..3", "shots": "10,20", "seed": "0..1"}, [["problem.n", "shots"]])
    assert [(point["problem.n"], point["shots"], point["seed"]) for point in together.points] == [
        *((2, 10, 0), (2, 10, 1), (3, 20, 0), (3, 20, 1))
    ]


def test_a_decimal_range_does_not_round():
    """0.4 + 2 * 0.1 is 0.6000000000000001 in binary; ids go by what is written."""
    scanned = grid({"problem": "h2:distance=0.4..0.6..0.1"})
    assert scanned.specs[2].id == Spec(problem="h2:distance=0.6").id


@pytest.mark.parametrize(
    ("fields", "zipped", "message"),
    [
        ({"problem": "h2", "seed": "3..1"}, (), "'3..1' is empty; write 1..3"),
        ({"problem": "h2", "seed": []}, (), "seed: an empty list"),
        ({"problem": "h2", "seeds": "1..3"}, (), "unknown axis 'seeds'. Did you mean 'seed'"),
        ({"problem": "h2:distanse=1..2"}, (), "Did you mean 'distance'"),
        ({"problem": "h2", "seed": "0..9999", "shots": "1..1000"}, (), "10,000,000 runs (1,000 of shots x 10,000 of seed)"),
        ({"problem": "h2", "seed": "0..10000000"}, (), f"at most {MOST_RUNS:,} values"),
        ({"problem": "h2", "seed": "0..2", "shots": "1,2"}, [["seed", "shots"]], "seed has 3, shots has 2"),
        ({"problem": "h2", "seed": "0..2"}, [["seed", "shots"]], "zip: unknown axis 'shots'"),
        ({"problem": "h2", "seed": "0..1", "shots": "1,2"}, [["seed", "shots"], ["seed"]], "axis 'seed' is named twice"),
        ({"problem": "h2", "seed": "0,1,0"}, (), "seed=0 and seed=0 are the same run"),
        ({"problem": "h2", "seed": "0..x"}, (), "seed takes whole numbers"),
        ({"problem": "h2", "shots": "10,-1"}, (), "shots must be at least 0, not -1. (in the run shots=-1)"),
    ],
)
def test_no_sweep(fields, zipped, message):
    with pytest.raises(UsageError) as refused:
        grid(fields, zipped)
    assert message in str(refused.value)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Six runs in two processes."""
    folder = tmp_path_factory.mktemp("swept")
    return folder, hybrid.sweep(results=folder, executor="local:processes=2", **SHORT | {"seed": "0..2", "shots": "50,100"})


def test_processes_do_not_change_results(swept, tmp_path):
    _, found = swept
    alone = [run(Spec(**SHORT | {"shots": shots, "seed": seed}), tmp_path) for shots in (50, 100) for seed in (0, 1, 2)]
    assert [result.digest for result in found.results] == [result.digest for result in alone]
    assert [one.point for one in found.runs][:2] == [{"shots": 50, "seed": 0}, {"shots": 50, "seed": 1}]
    first = found.spreads()[0]
    assert first.point == {"shots": 50} and first.median == sorted(result.value for result in alone[:3])[1]


def test_what_is_finished_is_read(swept, monkeypatch):
    folder, found = swept
    monkeypatch.setattr(executor, "walk", None)
    monkeypatch.setattr(executor, "_Workers", None)
    again = hybrid.sweep(results=folder, **SHORT | {"seed": "0..2", "shots": "50,100"})
    assert [result.digest for result in again.results] == [result.digest for result in found.results]


def test_a_failure_is_kept_and_stops_nobody(tmp_path):
    """Eight parameters, and once one number: refused when the run starts."""
    points = [[0.1] * 8, [0.1]]
    found = hybrid.sweep(results=tmp_path, executor="local:processes=1", **SHORT | {"initial_point": points})
    assert found.counts == {"finished": 1, "interrupted": 0, "failed": 1, "waiting": 0}
    assert "the initial point has 1 numbers" in found.failed[0].why and "\n" not in found.failed[0].why
    (kept,) = tmp_path.glob("*.failed")
    before = kept.stat().st_mtime_ns
    assert os.stat(kept).st_mode & 0o777 == 0o600
    assert hybrid.sweep(results=tmp_path, **SHORT | {"initial_point": points}).failed == found.failed
    assert kept.stat().st_mtime_ns == before
    retried = hybrid.sweep(results=tmp_path, retry_failed=True, **SHORT | {"initial_point": points})
    assert retried.failed == found.failed and kept.stat().st_mtime_ns > before


def test_interrupted_and_continued(swept, tmp_path):
    asked = iter(range(9))
    stop = SweepWatcher(interruption=lambda: None if next(asked, None) is not None else Interrupted("interrupted."))
    words = {"results": tmp_path, **SHORT, "seed": "0..2", "shots": "50,100"}
    with pytest.raises(Interrupted, match="of the runs are unfinished; the same command continues them"):
        hybrid.sweep(executor="local:processes=1", watcher=stop, **words)
    done = hybrid.sweep(executor="local:processes=1", **words)
    assert [result.digest for result in done.results] == [result.digest for result in swept[1].results]


@pytest.mark.slow
def test_a_killed_worker_is_replaced(swept, tmp_path, monkeypatch):
    """Every worker is killed when it begins its first run; the third time that is the run's failure."""
    workers = []
    started = executor.subprocess.Popen

    def popen(*words, **settings):
        workers.append(started(*words, **settings))
        return workers[-1]

    monkeypatch.setattr(executor.subprocess, "Popen", popen)
    once = []

    def event(one):
        if one.what == "begin" and one.number == 1 and len(once) < 1:
            once.append(one)
            for worker in workers:
                worker.kill()

    found = hybrid.sweep(
        results=tmp_path,
        executor="local:processes=2",
        watcher=SweepWatcher(event),
        **SHORT | {"seed": "0..2", "shots": "50,100"},
    )
    assert len(workers) > 2
    assert [result.digest for result in found.results] == [result.digest for result in swept[1].results]


@pytest.mark.slow
def test_a_run_that_always_kills_its_process_has_failed(tmp_path):
    (tmp_path / "bad.py").write_text("import os\n\n\ndef bad(*, n: int = 2):\n    os.kill(os.getpid(), 9)\n")
    words = {"problem": [f"{tmp_path}/bad.py:bad", "h2"], "max_evals": 3, "backend": "exact"}
    found = hybrid.sweep(results=tmp_path / "r", executor="local:processes=2", **words)
    assert [one.state for one in found.runs] == ["failed", "finished"]
    assert "its process ended 3 times by signal 9" in found.failed[0].why


def test_workers_walk_the_same_list(swept, tmp_path):
    """A second worker finds every run done or taken; both end."""
    specs = tuple(Spec(**SHORT | {"shots": shots, "seed": seed}) for shots in (50, 100) for seed in (0, 1, 2))
    work = Worklist(specs=specs, results=tmp_path)
    begun = []

    def two():
        """Stops after two runs."""
        return Stopped("enough.") if sum(event.what == "finished" for event in begun) > 1 else None

    with pytest.raises(Stopped):
        walk(work, SweepWatcher(begun.append, two), begin=4)
    assert [event.number for event in begun if event.what == "finished"] == [4, 5]
    walk(work, SweepWatcher())
    assert [work.state(index).result.digest for index in range(6)] == [result.digest for result in swept[1].results]


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{"problem": "h2"}, {"algorithm": "qaoa:p=1", "problem": "maxcut:graph=ring,n=6"}])
def test_compiled_circuits_would_save_little(fields, tmp_path, monkeypatch):
    """What the guide says of sharing between runs, by processor time: up to 9 % for translating circuits, where nothing else
    is said of other devices; the bound is twice that, as processor time on a busy machine varies by half."""
    took, inside = {"isa": 0.0, "problem": 0.0}, []

    def timed(name, function):
        def call(*words, **settings):
            before = time.process_time()
            found = function(*words, **settings)
            took[name] += time.process_time() - before
            return found

        return call

    monkeypatch.setattr(compile, "_isa", timed("isa", compile._isa))
    monkeypatch.setattr(running, "prepare", timed("problem", running.prepare))
    common = {"device": "meluxina-q", "shots": 200, "max_evals": 20} | fields
    for seed in range(4):
        run(Spec(**common, seed=seed), tmp_path, force=True, device_interval=False)
        if not inside:  # the first loads packages
            inside.append(time.process_time())
            took.update(isa=0.0, problem=0.0)
    share = {name: seconds / (time.process_time() - inside[0]) for name, seconds in took.items()}
    assert share["isa"] < 0.18 and share["problem"] < 0.01, share


def test_worker_command(swept, tmp_path, command):
    """The list of a file, and the saved list of a sweep that was handed over."""
    (tmp_path / "sweep.toml").write_text(
        'problem = "h2"\nshots = [50, 100]\nmax_evals = 6\nbackend = "exact"\nseed = "0..2"\nlabel = "p1"\n'
    )
    done = command("sweep", "--worker", tmp_path / "sweep.toml", "--results", tmp_path / "r")
    assert done.code == 0 and "worker 0: 6 runs finished here, 0 failed" in done.err
    found = command("sweep", tmp_path / "sweep.toml", "--results", tmp_path / "r", "--json")
    runs = json.loads(found.out)["runs"]
    assert [one["result"]["digest"] for one in runs] == [result.digest for result in swept[1].results]
    assert json.loads(Path(runs[0]["result"]["record"]).read_text().splitlines()[0])["meta"]["label"] == "p1"
    code, _, err = command("sweep", "--worker", tmp_path / "sweep.toml", "--seed", "1")
    assert code == 2 and "--worker takes all from its file; leave seed out" in err


def test_command(swept, command, tmp_path):
    words = ["sweep", "h2", "--shots", "50,100", "--max-evals", "6", "--backend", "exact", "--seed", "0..2", "--results"]
    code, text, _ = command(*words, swept[0])
    assert code == 0 and "6 runs: 6 finished" in text and "quartiles" in text and "best" not in text
    plan = command(*words, tmp_path / "none", "--dry-run").out
    assert "6 (6 waiting)" in plan and "core hours left     about" in plan and "QPU hours left      none" in plan
    assert not (tmp_path / "none").exists()
    assert json.loads(command(*words, swept[0], "--dry-run", "--json").out)["core_hours"] == 0
    code, text, err = command("sweep", "h2", "--initial-point", "0.1", "--results", tmp_path)
    assert code == 1 and "1 failed" in text and "1 of 1 runs failed; --retry-failed tries them again" in err
    assert command("sweep", "h2", "--write-only").code == 2
    for words, message in (
        (("--dry-run", "--executor", "slurm"), "executor 'slurm' needs account, qos, partition, time, nodes"),
        (("--dry-run", "--watch"), "--watch and --dry-run contradict each other"),
    ):
        code, _, err = command("sweep", "h2", "--seed", "0,1", *words)
        assert code == 2 and message in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('problem = "h2"\nsede = "0..3"\n', "sweep.toml:2: unknown axis 'sede'. Did you mean 'seed'"),
        ('problem = "h2"\nseed = "3..0"\n', "'3..0' is empty"),
        ('problem = "h2"\nzip = ["seed"]\n', "sweep.toml:2: zip takes lists of axes"),
        ('problem = "h2"\nlabel = 3\n', "sweep.toml:2: label takes a text"),
        ('problem = "h2"\nexecutor = "lokal"\n', "unknown executor 'lokal'. Did you mean 'local'"),
    ],
)
def test_bad_files(tmp_path, command, text, message):
    (tmp_path / "sweep.toml").write_text(text)
    code, _, err = command("sweep", tmp_path / "sweep.toml", "--results", tmp_path)
    assert code == 2 and message in err


def test_processes_below_one():
    with pytest.raises(UsageError, match="processes must be at least 1, not 0"):
        executor.local(processes=0)
    assert Local(None).execute(Worklist(specs=()), SweepWatcher()) == ""


def points(swept):
    return [of_result(result) for result in swept[1].results]


def test_an_axis_through_an_options_default():
    """A member is recorded without options that have their default: h2 is h2:distance=0.735."""
    about = {"value": -1.0, "exact": None, "quantity": "energy", "unit": "Ha"}
    (curve,) = curves(
        [of_row(about | {"problem": "h2", "problem.distance": 0.5}), of_row(about | {"problem": "h2"})], "problem.distance"
    )
    assert curve.x == (0.5, 0.735)
    with pytest.raises(UsageError, match=r"unknown axis 'problem\.distanze'"):
        curves([of_row(about | {"problem": "h2"})], "problem.distanze")


def test_curves(swept):
    """One curve per combination of what else differs; of 3 values the quartiles are half way between neighbours."""
    (by_shots,) = curves(points(swept), "shots")
    values = sorted(result.value for result in swept[1].results[:3])
    assert by_shots.x == (50, 100) and by_shots.median[0] == values[1]
    assert by_shots.low[0] == pytest.approx((values[0] + values[1]) / 2, rel=1e-12)  # interpolated linearly
    (by_seed_and_shots) = curves(points(swept), "seed")
    assert [curve.name for curve in by_seed_and_shots] == ["shots=50", "shots=100"]
    with pytest.raises(UsageError, match="unknown axis 'shot'. Did you mean 'shots'"):
        curves(points(swept), "shot")


@pytest.mark.parametrize("axis", ["shots", "backend"])
def test_picture(swept, tmp_path, axis):
    """A numerical axis and one of words; the same bytes every time."""
    for name in ("a.svg", "b.svg"):
        against_axis(points(swept), axis, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()


def test_watching(tmp_path, command, monkeypatch):
    """What runs and what waits, and for how long; a line on stderr where nobody watches."""
    monkeypatch.setenv("TERM", "dumb")
    words = ["sweep", "h2", "--shots", "50", "--max-evals", "6", "--backend", "exact", "--seed", "0..2", "--results", tmp_path]
    done = command(*words, "--executor", "local:processes=1", "--watch")
    assert done.code == 0 and "3 runs: 3 finished" in done.out
    display = SweepDisplay(3, quiet=False, watch=True, points=({"seed": 0}, {"seed": 1}, {"seed": 2}))
    cost = {"shots": 300, "machine_s": 90.0}
    half = Event("progress", 0, 0.5, value=-1.1, stderr=0.02, **cost)
    for event in (Event("begin", 0), half, Event("begin", 1), Event("finished", 1, **cost)):
        display.event(event)
    table = display._table()
    assert [str(*column.cells) for column in table.columns][:3] == ["seed=0", "50%", "-1.100(20)"]
    assert display._line().startswith("1 of 3 runs finished, 1 running, 1 waiting") and display._line().endswith(" left")
    assert display._cost().endswith(" of computing by all processes, 600 shots, 3 min 0 s of machine time")
