"""Any Qiskit BackendV2 answers a run: right numbers, jobs that fail, are late or die, budgets, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from scipy.stats import chi2

import hybrid
from hybrid import catalog
from hybrid.base.errors import HybridError, RecordError, Stopped, UsageError
from hybrid.review import difference
from hybrid.review.cross_check import cross_check
from hybrid.review.replay import repeat
from hybrid.runs import record
from hybrid.runs import results_folder as runs
from hybrid.runs.answer_log import ReplayLog
from hybrid.runs.dry_run import plan
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

TESTS = Path(__file__).parent
AER = "qiskit:object=qiskit_aer:AerSimulator"


@pytest.fixture(autouse=True)
def importable(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(TESTS)
    monkeypatch.setenv("FOREIGN_LOG", str(tmp_path))


def backend(name, **options):
    told = "".join(f",{key}={value}" for key, value in options.items())
    return f"qiskit:object=foreign_backends:{name}{told}"


def spec(name, **changes):
    """A run of one gradient by parameter shift, 17 points of two circuits each, and the final point."""
    fields = {"problem": "h2", "backend": backend(name, wait=0, retries=2), "shots": 60, "max_iterations": 1}
    return Spec(**(fields | {"optimizer": "gradient_descent"} | changes))


def asked(folder):
    return (folder / "asked").read_text().splitlines()


# --- Right numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [AER, AER + ",level=0", AER + ",level=3"])
def test_counts_are_those_of_the_circuit(text):
    """Chi squared of 40 values against the exact ones; both tails at 1e-4."""
    t = Parameter("t")
    circuit = QuantumCircuit(3)
    circuit.ry(t, 0)
    circuit.cx(0, 2)
    circuit.rx(0.7 - t, 1)
    circuit.cry(0.4, 2, 1)
    observable = SparsePauliOp(["ZIZ", "XIX", "IYI", "IZZ"], [1, 0.5, -0.3, 0.2])
    points = np.linspace(-2, 2, 40)[:, None]
    found = hybrid.compile(circuit, observable, backend=text, shots=900).values(points, seed=3)
    exact = hybrid.compile(circuit, observable).values(points).values
    total = float(np.sum(((found.values - exact) / found.stderr) ** 2))
    assert 1e-4 < chi2.cdf(total, 40) < 1 - 1e-4


def test_bit_order():
    circuit = QuantumCircuit(3)
    circuit.x(0)
    for label, value in (("IIZ", -1), ("IZI", 1), ("ZII", 1), ("ZIZ", -1)):
        answer = hybrid.compile(circuit, SparsePauliOp(label), backend=AER, shots=50).values(np.zeros((1, 0)), seed=1)
        assert answer.values[0] == value


@pytest.mark.parametrize("name", ["generic", "made"])
def test_an_instance_and_what_makes_one(name, tmp_path):
    result = run(spec(name), tmp_path)
    assert result.physics == "the backend's own: generic_backend_5q"
    assert "no stand-in profile" in result.caveat
    assert "generic_backend_5q as Qiskit BackendV2, transpiled at level 2" in result.simulator
    assert result.spec["gradient"] == "parameter-shift"
    assert abs(result.value + 1.1) < 6 * result.stderr + 0.1  # near Hartree-Fock, where the ansatz starts


def test_a_backend_in_a_file_counts_with_its_content(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "from qiskit_aer import AerSimulator\n\n\ndef three():\n    return AerSimulator()\n"
    Path("mine.py").write_text(text)
    one = Spec(problem="h2", backend="qiskit:object=./mine.py:three", shots=20, max_evals=2)
    result, before = run(one), one.id
    assert "mine.py#" in one.canonical()["backend"] and one.canonical()["backend"].endswith(":three")
    assert repeat(Path(result.record)).verdict == "identical"
    Path("mine.py").write_text(text + "\n")
    assert one.id != before
    with pytest.raises(RecordError, match="mine.py changed"):
        repeat(Path(result.record))


def test_circuits_and_mid_circuit_measurements_are_sampled(monkeypatch, command):
    code, out, _ = command("sample", "teleportation", "--backend", AER, "--shots", "300", "--json")
    found = json.loads(out)
    assert code == 0 and sum(found["counts"].values()) == 300
    assert found["fidelity"] > 0.97 and found["physics"].startswith("the backend's own")  # perfect shots: 0.995
    code, out, _ = command("sample", "ghz:n=3", "--backend", backend("generic"))
    assert code == 0 and out.startswith("physics: the backend's own: generic_backend_5q;")


def test_the_primitives_too():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    (found,) = hybrid.Estimator(backend=AER, seed=1).run([(circuit, ["X", "Z"])], precision=0.1).result()
    assert found.metadata["physics"] == "the backend's own: aer_simulator"
    assert found.data.evs[0] == 1 and 0 < abs(found.data.evs[1]) < 0.5
    circuit.measure_all()
    (sampled,) = hybrid.Sampler(backend=AER, seed=1).run([(circuit,)], shots=40).result()
    assert sum(sampled.data.meas.get_counts().values()) == 40
    assert sampled.metadata["physics"] == "the backend's own: aer_simulator"


# --- Jobs --------------------------------------------------------------------------------------------------------------


def untroubled(name, folder, monkeypatch):
    """The run as it is when nothing goes wrong; what was asked is forgotten."""
    monkeypatch.setenv("FOREIGN_STEADY", "1")
    result = run(spec(name), folder / "steady")
    monkeypatch.delenv("FOREIGN_STEADY")
    circuits = asked(folder)
    for file in ("jobs", "asked"):
        (folder / file).unlink()
    return result, circuits


@pytest.mark.parametrize("name", ["EveryThird", "Delayed"])
def test_a_backend_that_fails_or_is_late_ends_with_the_same_digest(name, tmp_path, monkeypatch):
    steady, circuits = untroubled(name, tmp_path, monkeypatch)
    troubled = run(spec(name), tmp_path / "troubled")
    assert troubled.digest == steady.digest
    assert asked(tmp_path) == circuits
    lines = [(kind, meta) for _, kind, _, meta, _ in record.lines(Path(troubled.record))]
    kinds = [kind for kind, meta in lines if "submitted" not in meta]
    # 34 circuits in jobs of four make nine parts, the final two a tenth; the record has each in front of its answer
    assert kinds == ["start", *["part"] * 9, "answer", "part", "answer", "stop"]
    retries = sum(meta["retries"] for kind, meta in lines if "retries" in meta)
    assert retries == (int((tmp_path / "jobs").read_text()) - 10 if name == "EveryThird" else 0)
    assert (retries > 0) == (name == "EveryThird")


@pytest.mark.parametrize("life", [0, 1, 5, 9])
def test_a_backend_that_dies_continues_from_the_record(life, tmp_path, monkeypatch, command):
    steady, circuits = untroubled("Dying", tmp_path, monkeypatch)
    monkeypatch.setenv("FOREIGN_LIFE", str(life))
    words = ["run", "h2", "--backend", backend("Dying", wait=0, retries=2), "--shots", 60, "--max-iterations", 1, "--quiet"]
    words += ["--optimizer", "gradient_descent", "--results", tmp_path / "dead"]
    code, out, err = command(*words)
    assert (code, out) == (75, "")
    assert "failed 3 times, the last time with RuntimeError: helium is lost. " in err and "the same command continues" in err
    assert len(asked(tmp_path) if life else []) == min(4 * life, 34)
    monkeypatch.setenv("FOREIGN_STEADY", "1")
    code, out, _ = command(*words, "--json")
    assert code == 0 and json.loads(out)["digest"] == steady.digest
    assert asked(tmp_path) == circuits  # not a single point twice
    assert difference.compare(runs.read(Path(steady.record)), runs.read(Path(json.loads(out)["record"]))).same_digest


def test_an_unfinished_record_is_shown(tmp_path, monkeypatch, command):
    monkeypatch.setenv("FOREIGN_LIFE", "3")
    with pytest.raises(Stopped, match="0 answers and 12 circuits of the next one are saved"):
        run(spec("Dying"), tmp_path / "dead")
    code, out, _ = command("runs", "list", "--results", tmp_path / "dead")
    assert code == 0 and "unfinished" in out and "qiskit:object" in out
    code, out, _ = command("runs", "show", "latest", "--results", tmp_path / "dead")
    assert code == 0 and "none yet" in out and "the checksum of every line is right" in out


def test_parts_are_found_by_circuit_however_jobs_are_cut(tmp_path, monkeypatch):
    """A part measured in jobs of four serves a session that sends jobs of three: nothing is asked twice."""
    monkeypatch.setenv("FOREIGN_LIFE", "5")
    with pytest.raises(Stopped):
        run(spec("Dying"), tmp_path / "dead")
    monkeypatch.setenv("FOREIGN_STEADY", "1")
    monkeypatch.setenv("FOREIGN_MOST", "3")
    result = run(spec("Dying"), tmp_path / "dead")
    circuits = asked(tmp_path)
    assert len(circuits) == 34 + 2
    monkeypatch.setenv("FOREIGN_MOST", "4")
    assert {*circuits[:34]} == {*untroubled("Dying", tmp_path, monkeypatch)[1][:34]}
    kinds = [kind for _, kind, _, meta, _ in record.lines(Path(result.record)) if "submitted" not in meta]
    assert kinds[:12] == ["start", *["part"] * (5 + 5), "answer"]  # 20 circuits by four, 14 by three


def test_the_digest_is_of_answers_not_of_parts(tmp_path):
    """Joined, split or left out, parts change no digest; only the checksums of the lines know."""
    result = run(spec("Machine"), tmp_path / "one")
    path, other = Path(result.record), record.Record(tmp_path / "other.jsonl")
    for _, kind, body, meta, _ in record.lines(path):
        if kind == "part":
            for key, part in body.items():
                other.append("part", {key: part}, {})
        elif kind == "stop":
            assert other.digest(body["solution"]) == result.digest
            other.append(kind, body, meta)
        else:
            other.append(kind, body, meta)
    other.close()
    assert runs.read(tmp_path / "other.jsonl").stop["digest"] == result.digest


def test_a_part_that_answers_something_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("FOREIGN_LIFE", "1")
    with pytest.raises(Stopped):
        run(spec("Dying"), tmp_path / "dead")
    path = next((tmp_path / "dead").glob("*.jsonl"))
    (_, _, start, about, _), _, (_, _, parts, _, _) = record.lines(path)
    path.unlink()
    forged = record.Record(path)
    forged.append("start", start, about)
    forged.append("part", {key: part | {"asked": "0" * 16} for key, part in parts.items()}, {})
    forged.close()
    before = path.read_bytes()
    with pytest.raises(RecordError, match="a part of the next answer is to another question"):
        run(spec("Dying"), tmp_path / "dead")
    assert path.read_bytes() == before


def test_an_interruption_between_two_jobs_stops_there(tmp_path):
    from hybrid.runs.watching import Watcher

    calls = iter([None, None, None, Stopped("stopped by SIGTERM.")])
    with pytest.raises(Stopped, match="stopped by SIGTERM. 0 answers and 8 circuits of the next one are saved"):
        run(spec("Machine"), tmp_path / "one", watcher=Watcher(interruption=lambda: next(calls)))
    assert len(asked(tmp_path)) == 8


def test_replay_measures_again_and_writes_nothing(tmp_path):
    result = run(spec("Machine"), tmp_path / "one")
    before = Path(result.record).read_bytes()
    assert repeat(Path(result.record)).verdict == "identical"  # AerSimulator takes a seed
    assert cross_check(Path(result.record), backend=AER, seed=1).degrees == 9 + 1
    assert Path(result.record).read_bytes() == before
    gate = ReplayLog(Path(result.record), lambda finding: None)
    assert gate.recorded("2.0.0.0.0.0", "") is None


def test_back_off_doubles(monkeypatch):
    slept = []
    monkeypatch.setattr("hybrid.simulators.qiskit.time.sleep", slept.append)
    monkeypatch.setenv("FOREIGN_LIFE", "0")
    program = hybrid.compile(QuantumCircuit(1), SparsePauliOp("Z"), backend=backend("Dying", wait=0.5, retries=4), shots=10)
    with pytest.raises(Stopped, match=r"^backend 'aer_simulator' failed 5 times, the last time with RuntimeError: helium"):
        program.values(np.zeros((1, 0)))
    assert slept == [0.5, 1, 2, 4]


def test_an_error_that_is_ours_is_not_repeated(tmp_path):
    with pytest.raises(HybridError, match="refused the job: ValueError: no such thing as shots"):
        run(spec("Refusing"), tmp_path / "one")
    assert (tmp_path / "jobs").read_text() == "1"


def test_lost_shots_are_told(tmp_path):
    with pytest.raises(HybridError, match="returned 29 of 30 shots, job "):
        run(spec("Losing"), tmp_path / "one")


# --- Budget and plan ----------------------------------------------------------------------------------------------------


def test_the_budget_counts_shots_times_the_given_cycle(tmp_path):
    limited = spec("made", optimizer="spsa", max_iterations=None, max_qpu="2s")
    with pytest.raises(UsageError, match="Say what a shot takes in seconds: --backend qiskit:object=...,shot_cycle"):
        run(limited, tmp_path)
    timed = spec("made", backend=backend("made", shot_cycle=0.004), optimizer="spsa", max_iterations=None, max_qpu="2s")
    result = run(timed, tmp_path)
    assert result.nfev == 8 and result.qpu_seconds == pytest.approx(9 * 60 * 0.004)  # the ninth is the final measurement
    found = plan(timed)
    assert found.physics == "the backend's own: generic_backend_5q" and found.total.qpu_seconds == result.qpu_seconds


# --- What is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"device": "meluxina-q"}, "brings its own physics, no device goes with it"),
        ({"shots": 0, "optimizer": "adam"}, "answers with shots only: give --shots 1000"),
        ({"problem": "tfim:n=7"}, "cannot be translated for backend 'generic_backend_5q'"),
        ({"mitigate": "readout"}, "chooses qubits and pulses of every circuit itself"),
        ({"dd": "echo"}, "nothing takes time"),
        ({"gradient": "adjoint"}, "take parameter-shift"),
        ({"backend": backend("none")}, "unknown name in foreign_backends: 'none'"),
        ({"backend": backend("nothing")}, "is a int, not a Qiskit BackendV2"),
        ({"backend": "qiskit:object=no_such_module:x"}, "cannot be imported: ModuleNotFoundError"),
        ({"backend": "qiskit:object=math"}, "names no object; write package.module:name"),
        ({"backend": "qiskit:object=math:pow"}, "cannot be called without arguments"),
        ({"backend": AER + ",retries=-1"}, "retries and wait take 0 or more"),
        ({"backend": AER + ",level=4"}, "unknown value of backend 'qiskit': option 'level': '4'"),
        ({"backend": "qiskit"}, "backend 'qiskit' needs object"),
    ],
)
def test_what_is_refused(changes, told, tmp_path):
    with pytest.raises(UsageError, match=told):
        run(spec("made", **changes), tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_the_file_is_looked_for_before_anything_else():
    with pytest.raises(UsageError, match="nowhere.py: no such file"):
        spec("made", backend="qiskit:object=./nowhere.py:made")


def test_it_is_listed_and_described():
    assert "qiskit" in catalog.names("backends")
    assert catalog.locate("backends", "qiskit").options["object"].required
