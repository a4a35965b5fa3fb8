"""The verdict: its word and its limit over a table of results, parts that add up to the gap, sentences free of jargon."""

import re
from pathlib import Path

import pytest
from qiskit.quantum_info import Statevector

from hybrid.review.explain import explain
from hybrid.review.first_loss import first_loss
from hybrid.runs import conclusion
from hybrid.runs.repeat import repeat
from hybrid.runs.result import Result
from hybrid.runs.results_folder import read
from hybrid.runs.results_index import entries
from hybrid.runs.run import run
from hybrid.runs.setup import prepare
from hybrid.runs.spec import Spec
from hybrid.runs.verdict_text import of_repetitions, verdict

RECORDS = sorted((Path(__file__).parent / "records").glob("*.jsonl"))
ROUNDING = 1e-12
"""Sums and differences of a few numbers of order one in double precision."""
JARGON = ("sigma", "variance", "stderr", "standard", "p-value", "confidence", "None", "nan", "e-0")
DEVICE = {"device": "meluxina-q", "physics": "stand-in", "shots": 1000, "stderr": 0.003}


def parts(value: float, exact: float | None, infinite: float, ideal: float, reachable: float, without: float | None = None):
    """What a run records, from the values themselves."""
    return {
        "ideal": ideal,
        "reachable": reachable,
        "infinite_shots": infinite,
        "without_readout": without,
        "ansatz": None if exact is None else reachable - exact,
        "optimizer": None if exact is None else ideal - reachable,
        "noise": infinite - ideal,
        "shots": value - infinite,
    }


def outcomes(share: float, stderr: float, guess: float) -> dict:
    return {"optimal": [share, stderr], "optimal_guessing": guess, "method": "all 64 choices tried"}


def result(**changes) -> Result:
    """A finished run of H2 on ideal hardware without shots, 5 mHa above the exact energy, with changes."""
    fields = {
        **{
            "id": "ab12",
            "algorithm": "vqe",
            "problem": "h2",
            "ansatz": "",
            "optimizer": "adam",
            "quantity": "energy",
            "unit": "Ha",
        },
        **{
            "value": -1.132,
            "stderr": 0.0,
            "exact": -1.137,
            "gap": None,
            "ratio": None,
            "baseline": -1.117,
            "baseline_name": "Hartree-Fock",
        },
        **{
            "maximize": False,
            "converged": False,
            "reason": "budget of 30 iterations",
            "nfev": 30,
            "njev": 30,
            "iterations": 30,
            "shots": 0,
        },
        **{
            "qpu_seconds": None,
            "seconds": 1.0,
            "x": (),
            "device": "ideal",
            "backend": "aer",
            "physics": "ideal",
            "simulator": "Aer",
        },
        **{
            "device_interval": None,
            "n_qubits": 2,
            "caveat": "",
            "record": "results/ab12.jsonl",
            "digest": "",
            "replayed": False,
        },
        "spec": {"max_evals": None, "max_iterations": 30},
    }
    return Result(**fields | changes)


CUT = {
    **{
        "quantity": "cut",
        "unit": "",
        "exact": 6.0,
        "baseline": 6.0,
        "baseline_name": "local search",
        "maximize": True,
        "algorithm": "qaoa:p=1",
    },
    **DEVICE,
    "classical_seconds": 2e-4,
}
POINTS = {
    **{
        "algorithm": "vqc:layers=5",
        "quantity": "test accuracy",
        "unit": "",
        "exact": None,
        "baseline": 0.8,
        "stderr": 0.05,
        "maximize": True,
    },
    "baseline_name": "linear classifier",
    "majority": 0.5,
    "quantities": ({"name": "test accuracy", "reference": 0.9, "reference_name": "logistic regression", "unit": ""},),
}
CASES = {
    "chemical accuracy": (
        {"value": -1.1369, "converged": True, "parts": parts(-1.1369, -1.137, -1.1369, -1.1369, -1.137)},
        ("better", "none", "0.1 mHa above the exact one (Hartree-Fock: 20 mHa), within chemical accuracy (1.6 mHa)."),
    ),
    "optimiser": (
        {"parts": parts(-1.132, -1.137, -1.132, -1.132, -1.1365)},
        ("better", "optimizer", "the optimiser limits it, which did its 30 iterations as planned"),
    ),
    "ansatz": (
        {"converged": True, "reason": "converged", "parts": parts(-1.132, -1.137, -1.132, -1.132, -1.132)},
        ("better", "ansatz", "even without noise and shots it stays 5 mHa from the exact energy"),
    ),
    "noise": (
        dict(DEVICE, value=-1.06, parts=parts(-1.06, -1.137, -1.061, -1.136, -1.137, -1.07)),
        ("worse", "noise", "On meluxina-q VQE is worse than Hartree-Fock"),
    ),
    "readout": (
        dict(DEVICE, value=-1.06, parts=parts(-1.06, -1.137, -1.061, -1.136, -1.137, -1.12)),
        ("worse", "noise", "noise limits it, which costs 75 mHa, mostly by readout errors."),
    ),
    "shots": (
        dict(DEVICE, device="ideal", stderr=0.02, value=-1.127, parts=parts(-1.127, -1.137, -1.136, -1.136, -1.137)),
        ("no different", "shots", "is no different from Hartree-Fock within the error bar of 20 mHa"),
    ),
    "detunings": (
        dict(DEVICE, shots=0, stderr=0.03, value=-1.13, parts=parts(-1.13, -1.137, -1.135, -1.136, -1.137)),
        ("no different", "detunings", "the number of drawn detunings limits it"),
    ),
    "just within twice the error": (
        dict(DEVICE, stderr=0.01, value=-1.0971, parts=parts(-1.0971, -1.137, -1.10, -1.136, -1.137)),
        ("no different", "noise", "is no different from Hartree-Fock"),
    ),
    "just beyond it": (
        dict(DEVICE, stderr=0.01, value=-1.0969, parts=parts(-1.0969, -1.137, -1.10, -1.136, -1.137)),
        ("worse", "noise", "is worse than Hartree-Fock"),
    ),
    "an earlier version": ({"parts": None}, ("better", "unknown", "what limits it is not known.")),
    "left out": ({"parts": {"left_out": "more than 14 qubits"}}, ("better", "unknown", "not known: more than 14 qubits.")),
    "nothing known": (
        {"exact": None, "baseline": None},
        ("unknown", "unknown", "neither the exact energy nor"),
    ),
    "exact unknown": ({"exact": None}, ("better", "unknown", "better than Hartree-Fock by 15 mHa")),
    "baseline unknown": ({"baseline": None}, ("unknown", "unknown", "ends 5 mHa above the exact energy")),
    "a better cut": (
        dict(CUT, value=4.4, outcomes=outcomes(0.2, 0.01, 0.03), parts=parts(4.4, 6.0, 4.4, 4.49, 4.5)),
        ("better", "ansatz", "finds an optimum in 20 % of shots, more than guessing (3 %), 6.7 times as often"),
    ),
    "no better cut": (
        dict(CUT, value=3.1, outcomes=outcomes(0.04, 0.01, 0.03), parts=parts(3.1, 6.0, 3.0, 5.9, 5.9)),
        (
            "no different",
            "noise",
            "no more often than guessing (4 % of shots, 3 % of guesses); trying all 64 choices takes",
        ),
    ),
    "a worse cut": (
        dict(CUT, value=2.0, outcomes=outcomes(0.001, 0.001, 0.03), parts=parts(2.0, 6.0, 2.0, 2.0, 5.9)),
        ("worse", "optimizer", "in 0.1 % of shots, less than guessing (3 %)"),
    ),
    "a classifier": (
        dict(POINTS, value=0.95),
        (
            "no different",
            "unknown",
            "45 points better than always naming the most frequent class (50 %), no different",
        ),
    ),
    "a poor classifier": (dict(POINTS, value=0.55), ("worse", "unknown", "35 points worse than logistic regression (90 %)")),
}


@pytest.mark.parametrize("case", CASES)
def test_word_limit_and_sentence(case):
    changes, (word, limit, words) = CASES[case]
    found = verdict(result(**changes))
    assert (found.word, found.limited_by) == (word, limit)
    assert words in found.sentence
    assert found.sentence.endswith(".") and not [word for word in JARGON if word in found.sentence]
    assert found.readout == (case == "readout")
    told = result(**changes).to_json()["verdict"]
    assert (told["word"], told["limited_by"], told["sentence"]) == (word, limit, found.sentence)


def test_repetitions_have_a_sentence_of_their_own():
    runs = [result(**CASES[case][0]) for case in ("noise", "readout", "just within twice the error")]
    assert of_repetitions(runs) == ("Of 3 runs, energy against Hartree-Fock: 1 no different, 2 worse; noise limits 3 of them.")


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_records_of_earlier_versions_get_one(path):
    found = read(path).result
    assert found is not None and found.parts is None
    assert found.verdict.sentence and "sigma" not in found.verdict.sentence


# ---- what is recorded

EVALUATED = {"max_evals": 0, "backend": "exact", "seed": 3}
NOISY = EVALUATED | {"device": "meluxina-q", "shots": 2000}
SPECS = {
    "ideal": Spec(problem="h2", **EVALUATED),
    "shots": Spec(problem="h2", shots=500, **EVALUATED),
    "noisy": Spec(problem="h2", **NOISY),
    "infinite": Spec(problem="tfim:n=3", **NOISY | {"shots": 0}),
    "mitigated": Spec(problem="h2", mitigate="readout", **NOISY),
    "cut": Spec(problem="maxcut:graph=ring,n=4", **NOISY),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Result]:
    folder = tmp_path_factory.mktemp("made")
    return {name: run(spec, folder) for name, spec in SPECS.items()}


@pytest.mark.parametrize("name", SPECS)
def test_the_parts_add_up_to_the_gap(made, name):
    found = made[name]
    assert found.parts is not None
    total = sum(found.parts[key] for key in ("ansatz", "optimizer", "noise", "shots"))
    assert total == pytest.approx(found.value - found.exact, abs=ROUNDING)
    worse = -1 if found.maximize else 1
    assert worse * found.parts["optimizer"] >= 0  # a descent does not lead up
    assert worse * found.parts["ansatz"] > -1e-7  # no state is better than the exact one, but for the descent's tolerance


@pytest.mark.parametrize("name", SPECS)
def test_the_ideal_value_is_that_of_another_simulator(made, name):
    loss, ansatz, _ = first_loss(prepare(SPECS[name]), len(made[name].x))
    state = Statevector(ansatz.circuit.assign_parameters(made[name].x))
    ideal = (-1 if made[name].maximize else 1) * state.expectation_value(loss.queries[0].observable).real
    assert made[name].parts["ideal"] == pytest.approx(ideal, abs=1e-9)  # two exact simulators


@pytest.mark.parametrize("name", ["noisy", "infinite", "cut"])
def test_the_value_of_infinite_shots_is_the_device_interval_s_own(made, name):
    """One simulator, circuit and set of detunings."""
    assert made[name].parts["infinite_shots"] == pytest.approx(made[name].device_interval["nominal"], abs=ROUNDING)


@pytest.mark.parametrize("name", ["noisy", "cut"])
def test_the_part_of_readout_is_that_of_the_error_budget(made, name):
    """Of other detunings: its few tenths of per cent of scatter, and 2 % where their number is small."""
    budget = explain(Path(made[name].record))
    readout = next(part for part in budget.contributions if part.name == "readout")
    mine = made[name].parts["infinite_shots"] - made[name].parts["without_readout"]
    assert mine == pytest.approx(readout.value, rel=0.02)
    assert made[name].verdict.readout == (abs(mine) > 0.5 * abs(made[name].parts["noise"]))


def test_mitigation_leaves_no_readout_to_correct(made):
    """The calibration of infinitely many shots is exact but for initialisation, which it takes for readout."""
    parts = made["mitigated"].parts
    assert abs(parts["infinite_shots"] - parts["without_readout"]) < 0.1 * abs(parts["noise"])


def test_nothing_is_drawn_for_the_parts(made, tmp_path, monkeypatch):
    monkeypatch.setattr(conclusion, "error_parts", lambda *_: {"left_out": "a test"})
    bare = run(SPECS["noisy"], tmp_path)
    assert (bare.digest, bare.device_interval) == (made["noisy"].digest, made["noisy"].device_interval)


def test_wide_circuits_and_long_computations_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("hybrid.runs.error_parts.MOST_QUBITS", 1)
    assert run(SPECS["noisy"], tmp_path).parts["left_out"] == "more than 1 qubits"
    monkeypatch.undo()
    monkeypatch.setattr("hybrid.runs.error_parts.MOST_SECONDS", 0.0)
    assert run(SPECS["noisy"], tmp_path / "2").parts["left_out"].startswith("it would take too long")


def test_only_a_first_minimisation_is_explainable(tmp_path):
    assert run(Spec(problem="h2", max_evals=2), tmp_path).parts["explainable"]
    grown = run(Spec(algorithm="adapt_vqe:max_operators=1", problem="hubbard:n=2", max_evals=2), tmp_path)
    assert not grown.parts["explainable"]


def test_lists_and_repetitions_carry_the_verdict(tmp_path):
    found = repeat(Spec(problem="h2", max_iterations=2), 2, tmp_path, processes=1)
    assert found.to_json()["verdict"].startswith("Of 2 runs, energy against Hartree-Fock: ")
    assert {one.verdict for one, _ in entries(tmp_path)} == {one.verdict.word for one in found.runs}


def test_the_report_begins_with_it_and_says_what_was_planned(command, tmp_path):
    words = ("run", "h2", "--device", "meluxina-q", "--shots", 200, "--max-evals", 8, "--backend", "exact")
    text = command(*words, "--results", tmp_path).out
    told = command(*words, "--results", tmp_path, "--json").out
    assert " ".join(text.split("\n\n")[0].split()) in " ".join(told.split())
    assert "did its 8 evaluations as planned; " in text and "not converged" not in text
    assert '"converged": false' in told


@pytest.mark.parametrize("maximize", [False, True])
def test_a_value_that_no_state_has_is_not_called_better(maximize):
    """Beyond the exact one by far more than its error; within three standard errors it is chance."""
    sign = -1 if maximize else 1
    far = result(value=-1.2 * sign, exact=-1.137 * sign, baseline=-1.117 * sign, maximize=maximize, stderr=0.01)
    found = verdict(far)
    assert found.word == "unknown"
    assert "where no state is" in found.sentence
    assert "better" not in found.sentence
    near = verdict(result(value=-1.15 * sign, exact=-1.137 * sign, baseline=-1.117 * sign, maximize=maximize, stderr=0.01))
    assert near.word == "better"


@pytest.mark.parametrize(
    ("count", "without_noise", "word"),
    [
        (1.2, -1.13, "unknown"),  # nearer to one electron
        (1.9, -1.15, "unknown"),  # lower than any state of two by 13 mHa
        (1.9, -1.1375, "better"),  # the energy of two electrons to 0.5 mHa, with a little of other fillings
        (2.0, -1.13, "better"),
    ],
)
def test_another_filling_answers_another_question(count, without_noise, word):
    """The exact value is that of two electrons."""
    counted = {"name": "electrons, ideal", "value": count, "reference": 2, "reference_name": "reference state", "unit": ""}
    found = verdict(
        result(
            value=-1.13,
            stderr=0.001,
            quantities=(counted,),
            parts=parts(-1.13, -1.137, -1.13, without_noise, without_noise),
            **{key: DEVICE[key] for key in ("device", "physics", "shots")},
        )
    )
    assert found.word == word
    if word == "unknown":
        told = f"ends with {count:.3g} electrons where 2 are asked for: its energy, 7 mHa above the exact one of 2 electrons, "
        assert f"{told}does not answer the question; its ansatz does not conserve their number." in found.sentence
        assert found.limited_by == "ansatz"


def test_a_circuit_that_conserves_nothing_finds_the_lower_filling(tmp_path, command):
    """Two sites with one electron: -t = -1, below (u - sqrt(u^2 + 16 t^2)) / 2 = -0.83 of two."""
    words = (
        "run",
        "hubbard",
        "--device",
        "meluxina-q:two_qubit=today",
        "--dephasing",
        "markov",
        "--exact",
        "--backend",
        "exact",
    )
    told = command(*words, "--optimizer", "lbfgs", "--max-iterations", 12, "--results", tmp_path).out
    assert " ".join(told.split()).startswith("On meluxina-q VQE ends with 1 electron where 2 ")
    assert re.search(r"^next +hybrid run vqe hubbard:mapping=parity ", told, re.M)
