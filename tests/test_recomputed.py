"""`--backend auto`: the exact engine answers on noisy devices, and Aer computes the reported value again."""

from dataclasses import replace

import pytest
from qiskit.circuit.library import SXGate

from hybrid.base.errors import CheckFailed
from hybrid.base.types import DENSE_QUBITS, Depolarizing, Operation, Relaxation, Setting, Task
from hybrid.device.channels import qubits_of
from hybrid.measure.recomputed import TOLERANCE, Agreement
from hybrid.runs import results_folder
from hybrid.runs.recomputation import said
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.simulators import exact
from hybrid.simulators.auto import auto

ON_DEVICE = {"device": "meluxina-q", "shots": 100, "max_evals": 2, "ansatz": "real_amplitudes:reps=1"}
WIDTHS = {2: "h2", 6: "tfim:n=6", 10: "tfim:n=10"}


def done(tmp_path, **fields):
    spec = Spec(**(ON_DEVICE | fields))
    return run(spec, tmp_path, device_interval=False, force=True)  # two evaluations can show nothing


def stronger(step):
    return replace(step, probability=1.01 * step.probability) if isinstance(step, Depolarizing) else None


def longer(step):
    return replace(step, duration_s=1.01 * step.duration_s) if isinstance(step, Relaxation) else None


def changed(setting: Setting, fault) -> Setting:
    """One step in the middle of the circuit changed, the first one from there to which the fault applies."""
    steps = list(setting.steps)
    place = next(i for i in range(len(steps) // 2, len(steps)) if fault(steps[i]) is not None)
    steps[place] = fault(steps[place])
    return setting._replace(steps=tuple(steps))


def reordered(setting: Setting) -> Setting:
    """The last pulse before the last cz, on one of its qubits, played after it."""
    steps = list(setting.steps)
    gate = max(i for i, step in enumerate(steps) if isinstance(step, Operation) and step.gate.name == "cz")
    pulses = [i for i in range(gate) if isinstance(steps[i], Operation) and steps[i].gate.name == "u"]
    pulse = max(i for i in pulses if set(qubits_of(steps[i])) & set(qubits_of(steps[gate])))
    steps.insert(gate, steps.pop(pulse))
    return setting._replace(steps=tuple(steps))


FAULTS = {
    "one error rate": lambda setting: changed(setting, stronger),
    "one duration": lambda setting: changed(setting, longer),
    "one order of pulses": reordered,
}


def plant(monkeypatch, fault) -> None:
    """The fault in what the engine compiles, not in what Aer does."""
    engine = exact.Engine

    def planted(task: Task, **options):
        noisy = task._replace(settings=tuple(fault(setting) for setting in task.settings)) if task.noisy else task
        return engine(noisy, **options)

    monkeypatch.setattr(exact, "Engine", planted)


@pytest.mark.parametrize("n", [2, 6, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(n, fault, tmp_path, monkeypatch):
    """1 % of one of dozens of channels moves probabilities by 1e-6 or more, a hundred times what is allowed."""
    plant(monkeypatch, FAULTS[fault])
    with pytest.raises(CheckFailed, match="do not use this result"):
        done(tmp_path, problem=WIDTHS[n])


def test_a_disagreement_is_said_at_every_later_reading(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    arguments = (
        "run",
        "h2",
        "--device",
        "meluxina-q",
        "--shots",
        "50",
        "--max-evals",
        "2",
        "--device-interval",
        "off",
        "--force",
    )
    with monkeypatch.context() as planted:
        plant(planted, FAULTS["one error rate"])
        first = command(*arguments)
    assert first.code == 4 and "differ by" in first.err
    before = {path: path.read_bytes() for path in (tmp_path / "results").iterdir()}
    again = command(*arguments)
    assert (again.code, again.err) == (4, first.err[first.err.index("hybrid: ") :])
    shown = command("runs", "show", "latest")
    assert shown.code == 4 and "DISAGREES" in shown.out
    assert before == {path: path.read_bytes() for path in (tmp_path / "results").iterdir()}


@pytest.mark.parametrize("shots", [0, 300])
def test_where_aer_computed_everything_the_value_is_its_own(shots, tmp_path):
    mine = done(tmp_path, problem="h2", shots=shots)
    aers = done(tmp_path, problem="h2", shots=shots, initial_point=mine.x, max_evals=0)
    check = results_folder.read(tmp_path / f"{mine.id}.jsonl").answers[-1]
    assert check["question"] == "check" and check["rows"] == check["of"] and check["largest"] <= 1e-13
    assert (mine.value, mine.stderr) == (check["values"][0], check["stderr"][0])
    assert aers.recomputed is not None and aers.recomputed["agrees"]
    assert mine.recomputed is not None and mine.recomputed["simulator"].startswith("Qiskit Aer, density matrix")


def test_the_check_takes_no_machine_time_and_no_shots(tmp_path):
    """Two evaluations and the final one, as with the engine alone."""
    auto_run, engine_run = done(tmp_path, problem="h2"), done(tmp_path, problem="h2", backend="exact")
    for name in ("nfev", "shots", "qpu_seconds", "billed", "x"):
        assert getattr(auto_run, name) == getattr(engine_run, name)
    assert auto_run.value == pytest.approx(engine_run.value, abs=1e-12)  # the same draws from equal probabilities
    assert engine_run.recomputed is None


@pytest.mark.parametrize("fields", [{"device": "ideal"}, {"backend": "aer"}, {"backend": "exact"}], ids=str)
def test_one_simulator_alone_is_not_checked(fields, tmp_path):
    result = done(tmp_path, problem="h2", **fields)
    assert result.recomputed is None
    questions = [answer["question"] for answer in results_folder.read(tmp_path / f"{result.id}.jsonl").answers]
    assert "check" not in questions


@pytest.mark.parametrize(
    ("fields", "checked"),
    [
        ({"algorithm": "vqd", "problem": "h2", "max_evals": 4}, ["final", "measure"]),
        ({"algorithm": "quantum_kernel", "problem": "moons:n=6", "ansatz": None, "max_evals": None}, ["measure"]),
        ({"algorithm": "qaoa", "problem": "maxcut:graph=ring,n=4", "ansatz": None}, ["final"]),
        ({"algorithm": "vqc:layers=1", "problem": "moons:n=6"}, ["final", "measure"]),
    ],
    ids=lambda value: value["algorithm"] if isinstance(value, dict) else "",
)
def test_what_a_result_rests_on_is_checked(fields, checked, tmp_path):
    """The minimisation that is reported, and the last single measurement: the excited level, a row of the kernel."""
    result = done(tmp_path, **fields)
    answers = results_folder.read(tmp_path / f"{result.id}.jsonl").answers
    checks = [answer for answer in answers if answer["question"] == "check"]
    assert [answers[check["answer"]]["question"] for check in checks] == checked
    assert all(check["largest"] <= TOLERANCE for check in checks)


def noisy_task(n: int, *, shots: int = 0, realizations: int = 64, channels: bool = True, pulses: int = 10) -> Task:
    steps = [Operation(SXGate(), (q,)) for q in range(n) for _ in range(pulses)]
    noise = [Depolarizing((0,), 0.01)] if channels else []
    return Task((Setting(n, (*steps, *noise)),) * 2, (), None, shots, 1, realizations)


def test_the_part_that_is_computed_again_follows_from_the_circuits_alone():
    """Everything where that is quick, one realization where it is long, fewer circuits where that is too long as well."""
    backend = auto()
    parts = [backend.recomputation(noisy_task(n)) for n in (2, 6, 10, 12)]
    assert all(part is not None for part in parts)
    rows = [part.rows for part in parts if part]
    assert rows[0] > 1000 and rows[1] > 64 and 1 <= rows[2] < 64 and rows[3] == 1
    assert [len(part.settings) for part in parts if part] == [2, 2, 2, 1]
    assert backend.recomputation(noisy_task(4, shots=1000)).rows == backend.recomputation(noisy_task(4)).rows


def test_where_the_engine_does_not_answer_aer_does_all():
    backend = auto()
    wide, pure = noisy_task(DENSE_QUBITS + 1), noisy_task(2, realizations=1, channels=False)
    for task in (wide, pure):
        assert backend.recomputation(task) is None and "Aer" in backend.describe(task)
    assert "exact engine" in backend.describe(noisy_task(2))
    assert "exact engine" in backend.describe(noisy_task(2, channels=False))  # quasi-static detunings are noise


def test_what_is_said():
    agreement = Agreement(3.2e-12, 8, 64, (2, 2), "Qiskit Aer, density matrix")
    assert said(agreement) == "Qiskit Aer agrees on 8 of 64 realizations to 1e-11"
    assert said(agreement._replace(rows=64)) == "Qiskit Aer agrees on all 64 realizations to 1e-11"
    assert said(agreement._replace(rows=1, of=1, largest=0.0)) == "Qiskit Aer agrees to 1e-15"
    assert (
        said(agreement._replace(circuits=(3, 25))) == "Qiskit Aer agrees on 8 of 64 realizations of 3 of 25 circuits to 1e-11"
    )
    assert said(agreement._replace(largest=2e-8)) == "Qiskit Aer DISAGREES by 2.0e-08 in a probability"


def forty_runs():
    problems = ["h2", "deuteron", "tfim:n=3", "xxz:n=4", "maxcut:graph=ring,n=4"]
    devices = ["meluxina-q", "meluxina-q:dephasing=markov", "spin-sige-6q", "iqm-star-24"]
    return [(problem, device, shots) for problem in problems for device in devices for shots in (0, 100)]


@pytest.mark.slow
@pytest.mark.parametrize(("problem", "device", "shots"), forty_runs())
def test_runs_without_a_fault_agree(problem, device, shots, tmp_path):
    result = done(tmp_path, problem=problem, device=device, shots=shots, ansatz=None)
    assert result.recomputed is not None and result.recomputed["largest"] < 1e-12
