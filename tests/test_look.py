"""The look before the leap: its signal against the engine, its times against a clock, refusals, and what would work."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp, Statevector
from test_loss import SILICON, perfect

from hybrid.base.errors import Interrupted, UsageError
from hybrid.base.types import Gradient
from hybrid.compilation.schedule import schedule
from hybrid.compilation.signal import expected_signal
from hybrid.measure.compile import compile
from hybrid.review.replay import repeat
from hybrid.runs import results_folder
from hybrid.runs.look import LEAST_SIGNAL, Prospect, look
from hybrid.runs.loop import Budget, Oracle, minimize
from hybrid.runs.run import _look, run
from hybrid.runs.setup import PreparedSession, prepare
from hybrid.runs.spec import Spec
from hybrid.runs.watching import Watcher
from hybrid.runs.way_out import command as pasted
from hybrid.runs.way_out import ways_out

NOISY = {"device": "meluxina-q", "shots": 1000}


class Paused(Exception):
    """The algorithm has said what it minimises."""


class Session(PreparedSession):
    """Stops where the first minimisation begins."""

    def minimize(self, loss, ansatz, **more):
        self.loss, self.ansatz_made = loss, ansatz
        raise Paused


def begun(spec: Spec) -> tuple[Any, Session]:
    prepared = prepare(spec)
    session = Session(prepared)
    with pytest.raises(Paused):
        prepared.algorithm(session, prepared.problem)
    return prepared, session


def seen(**fields: Any) -> Prospect:
    prepared, session = begun(Spec(**fields))
    at = look(prepared, session._chosen, session.loss, session.ansatz_made)
    assert at is not None
    return at


# ---- the signal


@pytest.mark.parametrize("infidelity", [0.0, 0.01])
def test_the_signal_of_a_clifford_circuit_with_depolarizing_gates_is_exact(infidelity):
    """Every term's value on the noisy device over its ideal one, by the engine: no interference, no dephasing."""
    gates = SILICON.gates | {
        "cz": replace(SILICON.gates["cz"], error=dict.fromkeys(SILICON.gates["cz"].error, infidelity)),
        "sx": replace(SILICON.gates["sx"], error=dict.fromkeys(SILICON.gates["sx"].error, infidelity / 10)),
    }
    device = perfect(gates=gates, residual_exchange_hz=0.0)
    circuit = QuantumCircuit(3)
    for q in range(3):
        circuit.rz(np.pi / 2, q)
        circuit.sx(q)
    circuit.cz(0, 1)
    circuit.sx([0, 1, 2])
    circuit.cz(1, 2)
    circuit.sx([1, 2])
    labels = [f"{a}{b}{c}" for a in "IXYZ" for b in "IXYZ" for c in "IXYZ"][1:]
    values = {label: Statevector(circuit).expectation_value(SparsePauliOp(label)).real for label in labels}
    label = next(label for label, value in values.items() if abs(value) > 0.5 and label.count("I") == 0)
    got = expected_signal(schedule(circuit, device, (0, 1, 2)), device, (0, 1, 2), SparsePauliOp(label), {})
    noisy = compile(circuit, SparsePauliOp(label), device=device, backend="exact")
    (want,) = noisy.values(np.zeros((1, 0)), seed=0).values / values[label]
    # the engine measures X and Y by pulses of their own, each of which costs up to 2 r of what it turns
    assert got == pytest.approx(want, abs=3 * 2 * infidelity / 10 + 1e-9)
    assert infidelity == 0 or got < 0.99


SIGNALS = {
    ("h2", None): 1.1,
    ("h2", "real_amplitudes:reps=1"): 1.1,
    ("deuteron", None): 1.1,
    ("tfim:n=4", None): 1.3,
    ("tfim:n=5", "real_amplitudes:reps=6"): 1.8,
    ("tfim:n=6", "real_amplitudes:reps=1"): 1.1,
    ("maxcut:graph=ring,n=4", None): 1.1,
    ("heisenberg:n=4", None): 1.6,
}
SLOW_SIGNALS = {
    ("tfim:n=6", None): 1.3,
    ("tfim:n=6", "efficient_su2:reps=2"): 1.3,
    ("maxcut:graph=ring,n=6", None): 1.1,
    ("maxcut", None): 1.1,
    ("heisenberg:n=6", None): 3.2,
    ("lih:mapping=parity", "real_amplitudes:reps=1"): 1.2,
}
"""Problem and ansatz -> the factor within which the signal is found; most are within a tenth. Interference and refocused
detunings are left out, which makes it up to three times too low for Trotter-like steps (measured: 2.8)."""


@pytest.mark.parametrize(
    ("what", "factor"), [*SIGNALS.items(), *(pytest.param(*item, marks=pytest.mark.slow) for item in SLOW_SIGNALS.items())]
)
def test_the_signal_is_that_of_the_engine(what, factor):
    """(noisy - mixed)/(ideal - mixed) at a point better than random, and the signal, which the look has at the start."""
    problem, ansatz = what
    if ansatz is None and not problem.startswith("maxcut"):  # ideal and noisy, the circuit of the noisy device
        ansatz = begun(Spec(problem=problem, backend="exact", device="meluxina-q"))[0].problem.ansatz
    _, ideal = begun(Spec(problem=problem, ansatz=ansatz, backend="exact"))
    program = ideal._chosen.compile(ideal.loss, ideal.ansatz_made)
    seed = np.random.SeedSequence(0)

    def ask(question):
        is_gradient = isinstance(question, Gradient)
        return program.gradient(question.x, seed) if is_gradient else program.values(question.points, seed)

    start = ideal._chosen.start(ideal.ansatz_made)
    x = minimize(ideal._chosen.optimization(start), Oracle(program.cost, ask), Budget(None, 60, None)).x[None]
    _, noisy = begun(Spec(problem=problem, ansatz=ansatz, backend="exact", device="meluxina-q"))
    hamiltonian = noisy.loss.queries[0].observable
    mixed = sum(c.real for p, c in zip(hamiltonian.paulis, hamiltonian.coeffs, strict=True) if not (p.x.any() or p.z.any()))
    values = [s._chosen.compile(s.loss, s.ansatz_made).values(x, seed).values[0] for s in (ideal, noisy)]
    want = (values[1] - mixed) / (values[0] - mixed)
    got = seen(problem=problem, ansatz=ansatz, device="meluxina-q").signal
    assert want / factor < got < want * factor


def test_readout_counts_unless_it_is_mitigated_and_nothing_is_lost_on_ideal():
    plain, mitigated = (seen(problem="h2", mitigate=how, **NOISY).signal for how in ("none", "readout"))
    assert plain < mitigated < 1
    assert seen(problem="h2", shots=1000).signal == 1


# ---- what it takes


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["aer", "exact"])
@pytest.mark.parametrize(
    "fields",
    [
        {"problem": "tfim:n=4", "ansatz": "efficient_su2:reps=3", **NOISY},
        {"problem": "tfim:n=8", "ansatz": "real_amplitudes:reps=1", **NOISY},
        {"problem": "lih:mapping=parity", "ansatz": "real_amplitudes:reps=1", **NOISY},
        {"problem": "tfim:n=14", "ansatz": "efficient_su2:reps=3", "shots": 1000},
    ],
    ids=lambda fields: fields["problem"],
)
def test_the_time_of_an_evaluation_is_within_a_factor_of_three(backend, fields):
    """Processor time, which other processes change little; twice that for a machine that is busy or of another kind."""
    evaluations = 21
    at = seen(backend=backend, max_evals=evaluations - 1, **fields)
    _, session = begun(Spec(backend=backend, **fields))
    begin = time.process_time()
    program = session._chosen.compile(session.loss, session.ansatz_made)
    x = session._chosen.start(session.ansatz_made)[None]
    for n in range(evaluations):
        program.values(x, np.random.SeedSequence(n))
    took = time.process_time() - begin
    assert at.evaluations == evaluations - 1
    assert took / 6 < at.seconds < took * 6, (at.seconds, took)


def test_evaluations_are_those_of_the_budget():
    assert seen(problem="h2", max_evals=77, **NOISY).evaluations == pytest.approx(77, abs=1)
    assert seen(problem="h2", max_iterations=50, **NOISY).evaluations == 100  # two for an iteration of SPSA
    gradients = seen(problem="h2", max_iterations=50)
    assert (gradients.evaluations, gradients.gradients) == (50, 50)
    assert seen(problem="h2", max_evals=0, **NOISY).evaluations == 0


def test_the_standard_error_is_the_one_that_is_measured():
    """At the start, from 20 evaluations with 1,000 shots each: their spread is known to a sixth, so 40 % is 2.5 sigma."""
    _, session = begun(Spec(problem="h2", backend="exact", **NOISY))
    program = session._chosen.compile(session.loss, session.ansatz_made)
    x = session._chosen.start(session.ansatz_made)[None]
    values = [program.values(x, np.random.SeedSequence(n)).values[0] for n in range(20)]
    assert seen(problem="h2", **NOISY).stderr == pytest.approx(np.std(values, ddof=1), rel=0.4)


# ---- refusals, and what would work


@pytest.mark.parametrize("problem", ["h2", "tfim:n=4", "tfim:n=6", "tfim:n=10", "maxcut", "maxcut:graph=ring,n=6", "deuteron"])
def test_defaults_on_the_stand_in_are_not_refused(problem):
    assert seen(problem=problem, **NOISY).hopeless == ()
    assert seen(problem=problem, device="meluxina-q").hopeless == ()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"problem": "lih", "ansatz": "uccsd"}, "of the signal"),
        ({"problem": "h2o", "max_evals": 200}, "on a question of 0.05 Ha"),
        ({"problem": "tfim:n=10", "ansatz": "real_amplitudes:reps=30"}, "of the signal"),
        ({"problem": "h2", "shots": 100, "max_evals": 3}, "on a question of 0.02 Ha"),
    ],
    ids=lambda value: value["problem"] if isinstance(value, dict) else "",
)
def test_a_hopeless_run_is_refused_with_what_would_work(command, tmp_path, fields, reason):
    spec = Spec(**NOISY | fields)
    with pytest.raises(UsageError, match=reason) as refused:
        run(spec, tmp_path)
    assert not [*tmp_path.iterdir()]
    *_, last = str(refused.value).splitlines()
    assert last.startswith("hybrid run vqe ")
    assert "--force" in str(refused.value)
    if fields["problem"] == "h2":  # others take seconds to compile
        assert command(*last.split()[1:], "--dry-run", "--json", "--results", tmp_path).code == 0


@pytest.mark.parametrize("fields", [{"problem": "lih", "ansatz": "uccsd"}, {"problem": "h2o", "max_evals": 200}])
def test_every_suggestion_passes_the_same_look(fields):
    prepared, session = begun(Spec(**NOISY | fields))
    at = look(prepared, session._chosen, session.loss, session.ansatz_made)
    ways = ways_out(prepared, at)
    assert ways
    for way in ways:
        assert way.look == seen(**way.spec.given())
        assert way.look.hopeless == ()
        assert way.look.signal > LEAST_SIGNAL / 2
        assert Spec(**way.spec.given()).id == way.spec.id
        assert pasted(way.spec).startswith("hybrid run vqe ")
    if fields["problem"] == "lih":
        assert ways[0].change == "lih:mapping=parity --ansatz real_amplitudes:reps=1"
        assert ways[0].look.two_qubit_gates == 7


def test_force_runs_it_and_the_record_is_the_same_either_way(tmp_path, command):
    spec = Spec(problem="h2", backend="exact", device="meluxina-q", shots=100, max_evals=2)
    words = ["run", "h2", "--backend", "exact", "--device", "meluxina-q", "--shots", "100", "--max-evals", "2"]
    refused = command(*words, "--results", tmp_path / "a")
    assert refused.code == 2
    assert refused.err.startswith("hybrid: h2 on meluxina-q could show nothing: ")
    forced = command(*words, "--results", tmp_path / "a", "--force", "--json")
    assert forced.code == 0
    assert forced.err.startswith("forced, although")
    assert json.loads(forced.out)["digest"] == run(spec, tmp_path / "b", force=True).digest
    assert command(*words, "--results", tmp_path / "a").code == 0  # finished: read, whatever the look would say


def test_a_run_begun_with_force_continues_without(tmp_path):
    spec = Spec(problem="h2", backend="exact", device="meluxina-q", shots=100, max_evals=4)
    asked = iter(range(2))
    stop = Watcher(interruption=lambda: None if next(asked, 1) != 1 else Interrupted("interrupted."))
    with pytest.raises(Interrupted):
        run(spec, tmp_path, watcher=stop, force=True)
    assert run(spec, tmp_path).reason == "budget of 4 evaluations"


def test_a_dry_run_shows_the_look_and_does_not_refuse(command, tmp_path):
    words = ["run", "h2", "--device", "meluxina-q", "--shots", "100", "--max-evals", "3", "--dry-run", "--results"]
    shown = command(*words, tmp_path)
    assert shown.code == 0
    text = " ".join(shown.out.split())
    for part in ("HOPELESS one evaluation is ±", "worth trying --shots", "of the signal is left", "T2* of its qubits"):
        assert part in text
    plan = json.loads(command(*words, tmp_path, "--json").out)
    assert plan["look"]["hopeless"]
    assert plan["look"]["signal"] == pytest.approx(0.91, abs=0.01)
    assert plan["would_work"][0]["command"].startswith("hybrid run vqe h2 --device meluxina-q --shots ")
    assert plan["would_work"][0]["hopeless"] == []


def test_a_long_run_is_announced_and_not_refused(tmp_path):
    notes = []

    def stop():
        return Interrupted("interrupted.")

    spec = Spec(problem="tfim:n=10", ansatz="real_amplitudes:reps=1", backend="aer", **NOISY)
    with pytest.raises(Interrupted):
        run(spec, tmp_path, watcher=Watcher(note=notes.append, interruption=stop))
    assert notes[0].partition(" for ")[2] == "600 evaluations." and len(notes) == 2 and "hybrid bench mine" in notes[1]


# ---- a limit of computing time


def test_max_time_ends_the_loop_in_the_record(tmp_path, command):
    """Where the loop ended is an answer: without a clock, and with any other limit, the record gives the same result."""
    spec = Spec(problem="h2", shots=100, max_iterations=200)
    first = run(spec, tmp_path / "a", max_time=0.001)
    assert first.reason.startswith("budget of 0.001 s of computing")
    assert not first.converged
    assert first.nfev == 2  # the first answer had taken too long when the second question came
    path = tmp_path / "a" / f"{spec.id}.jsonl"
    recorded = results_folder.read(path)
    assert [answer["question"] for answer in recorded.answers] == ["values", "stop", "final"]
    assert repeat(path).verdict == "identical"
    again = command("run", "h2", "--shots", 100, "--max-iterations", 200, "--max-time", "1h", "--results", tmp_path / "a")
    assert "this run is finished" in again.err
    assert first.digest[:12] in again.out
    lines = path.read_bytes().splitlines(keepends=True)
    for kept in (2, 3, 4):  # as if it had been killed after the first answer, the stop, the final measurement
        folder = tmp_path / str(kept)
        folder.mkdir()
        (folder / path.name).write_bytes(b"".join(lines[:kept]))
        assert run(spec, folder, max_time=0.001 if kept == 2 else None).digest == first.digest


def test_a_stopped_record_is_listed_shown_exported_and_cross_checked(tmp_path, command):
    run(Spec(problem="h2", shots=100, max_iterations=200), tmp_path, max_time=0.001)
    for words in (["list"], ["show", "latest"], ["export", "latest"], ["replay", "latest", "--backend", "exact"]):
        done = command("runs", *words, "--results", tmp_path)
        assert done.code == 0, done.err


def test_max_time_takes_a_time(command, tmp_path):
    refused = command("run", "h2", "--max-time", "soon", "--results", tmp_path)
    assert refused.code == 2
    assert "max_time takes a time such as 90s, 30min or 2h, not 'soon'." in refused.err


@pytest.mark.parametrize(
    ("backend", "device", "told"),
    [("aer", "meluxina-q", True), ("auto", "meluxina-q", False), ("exact", "meluxina-q", False), ("aer", "ideal", False)],
)
def test_a_backend_that_is_ten_times_slower_is_told(backend, device, told, tmp_path):
    """By the formulas of cost; said once, and not in the record."""
    notes = []
    spec = Spec(algorithm="vqe", problem="tfim:n=4", device=device, backend=backend, shots=1000, max_evals=2, seed=3)
    found = run(spec, tmp_path, watcher=Watcher(lambda step: None, lambda: None, notes.append), force=True)
    hints = [note for note in notes if "bench mine" in note]
    assert len(hints) == told and "bench mine" not in Path(found.record).read_text()
    if told:
        times = float(hints[0].split("about ")[1].split(" times")[0])
        assert times >= 10
        assert hints[0].endswith("hybrid bench mine vqe tfim:n=4 --device meluxina-q --shots 1000 --max-evals 2 --seed 3")


@pytest.mark.parametrize(("evaluations", "told"), [(4000, True), (4, False)])
def test_only_a_long_run_without_noise_is_told_of_the_engine(evaluations, told):
    """There auto is Aer, which evolves the whole circuit for each of LiH's 57 settings."""
    prepared, session = begun(Spec(problem="lih", shots=1000, max_evals=evaluations))
    notes: list[str] = []
    _look(prepared, True, notes.append, session._chosen, session.loss, session.ansatz_made)
    hints = [note for note in notes if note.startswith("--backend exact: about ")]
    assert len(hints) == told
