"""Error mitigation in the loop: gradients, records, costs, and what is refused beforehand."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from interruption import interrupted_everywhere
from qiskit.circuit.library import real_amplitudes
from qiskit.quantum_info import SparsePauliOp

import hybrid
from hybrid.base.errors import UsageError
from hybrid.base.json_lines import load
from hybrid.device.device import Device
from hybrid.measure.composed import composed
from hybrid.review.cross_check import cross_check
from hybrid.review.replay import repeat
from hybrid.runs.dry_run import plan
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

ANSATZ = real_amplitudes(2, reps=1)
OBSERVABLE = SparsePauliOp(["ZZ", "XX", "ZI", "II"], [1.0, 0.5, 0.3, 0.2])
X = np.random.default_rng(3).uniform(-1, 1, 4)
CHAINS = ("readout", "zne:model=linear", "zne", "readout+twirl", "trex", "trex+twirl+zne:factors=1/3", "readout+cdr", "pec")
NOISY = Spec(problem="h2", device="meluxina-q", shots=200, max_evals=4, realizations=20, backend="exact")


@pytest.mark.parametrize("mitigate", CHAINS)
@pytest.mark.parametrize("device", ["meluxina-q", "iqm-star-24"])
def test_adjoint_gradients_are_those_of_the_mitigated_value(device, mitigate):
    """Central differences with h = 1e-4 err by 1e-8 times the third derivative; the frames are the detunings' seed's."""
    program = hybrid.compile(ANSATZ, OBSERVABLE, device=device, backend="exact", mitigate=mitigate)
    h, seeds = 1e-4, {"seed": 5, "detuning_seed": np.random.SeedSequence(6)}
    found = program.gradient(X, **seeds)
    rows = np.concatenate([X + h * np.eye(4), X - h * np.eye(4)])
    plus, minus = np.split(program.values(rows, **seeds).values, 2)
    assert found.gradient == pytest.approx((plus - minus) / (2 * h), abs=1e-6)
    assert found.loss == pytest.approx(program.values(X[None], **seeds).values[0], abs=1e-12)


@pytest.mark.parametrize("mitigate", ["trex+twirl+zne", "symmetry", "readout+cdr"])
def test_an_interrupted_run_ends_with_the_same_digest(tmp_path, mitigate):
    spec = replace(NOISY, mitigate=mitigate, ansatz="hamiltonian_variational" if mitigate == "symmetry" else None)
    if mitigate == "symmetry":
        spec = replace(spec, problem="xxz:n=4")
    whole = run(spec, tmp_path / "whole", device_interval=False, force=True)
    again, times = interrupted_everywhere(spec, tmp_path / "parts", force=True, device_interval=False)
    assert again.digest == whole.digest and times >= 2
    assert repeat(tmp_path / "whole" / f"{spec.id}.jsonl").verdict == "identical"


def test_one_calibration_is_kept_and_charged(tmp_path):
    """4 evaluations and the final one of 200 shots, and two calibration circuits of as many."""
    result = run(replace(NOISY, mitigate="readout"), tmp_path, device_interval=False, force=True)
    assert result.shots == (4 + 1 + 2) * 200
    lines = [load(line)["body"] for line in (tmp_path / f"{result.id}.jsonl").read_text().splitlines()]
    assert [line.get("question") for line in lines].count("calibrate") == 1 and lines[0]["calibration"] == "once"
    assert plan(replace(NOISY, mitigate="readout")).total.shots == result.shots


def test_a_mitigated_run_is_measured_again_elsewhere(tmp_path):
    """With a calibration of its own there; calibrations themselves are not compared."""
    spec = replace(NOISY, mitigate="readout", shots=4000, max_evals=2)
    result = run(spec, tmp_path, device_interval=False, force=True)
    again = cross_check(Path(result.record), device="meluxina-q:two_qubit=today")
    assert {answer.question for answer in again.answers} == {"values", "final"} and again.p is not None
    same = cross_check(Path(result.record), seed=1, shots=8000)
    assert same.p is not None and same.p > 1e-3


def test_states_on_the_same_qubits_share_one_calibration(tmp_path):
    spec = replace(NOISY, algorithm="vqd", mitigate="readout", max_evals=8)
    result = run(spec, tmp_path, device_interval=False, force=True)
    lines = [load(line)["body"] for line in (tmp_path / f"{result.id}.jsonl").read_text().splitlines()]
    assert [line.get("question") for line in lines].count("calibrate") == 1
    assert plan(spec).total.shots == result.shots


def test_all_shots_of_a_value_include_its_variants():
    for mitigate in ("none", "zne:factors=1/3/5,model=richardson", "twirl"):
        program = hybrid.compile(ANSATZ, OBSERVABLE, device="meluxina-q", backend="exact", shots=1000, mitigate=mitigate)
        assert program.execution.shots.sum() == 1000


def test_the_estimator_and_a_sample_take_methods():
    estimator = hybrid.Estimator(device="meluxina-q", backend="exact", shots=400, mitigate="trex+zne", seed=1)
    data = estimator.run([(ANSATZ, OBSERVABLE, X)]).result()[0].data
    assert abs(data.evs - hybrid.compile(ANSATZ, OBSERVABLE).values(X[None]).values[0]) < 5 * data.stds
    assert sum(hybrid.sample("ghz:n=3", device="meluxina-q", mitigate="readout+twirl", shots=100).counts.values()) == 100


@pytest.mark.parametrize(
    ("mitigate", "words"),
    [
        ("zne+readout", "write readout.zne"),
        ("zne+cdr", "take one of the two"),
        ("readot", "Did you mean 'readout'"),
        ("zne:factors=1/4", "nearest: 5"),
        ("readout+symmetry", "do not go together"),
        ("pec+zne", "do not go together"),
        ("zne:factor=1/3", "Did you mean 'factors'"),
    ],
)
def test_chains_that_make_no_sense(mitigate, words):
    with pytest.raises(UsageError, match=words):
        Spec(problem="h2", mitigate=mitigate) and composed(mitigate)


@pytest.mark.parametrize(
    ("circuit", "how", "words"),
    [
        (ANSATZ, {"device": "ideal", "mitigate": "zne"}, "has no errors"),
        (ANSATZ, {"device": "pioneer-p10", "mitigate": "twirl"}, "by pulses"),
        (ANSATZ, {"device": "meluxina-q", "mitigate": "symmetry"}, "it has none"),
        (ANSATZ, {"device": "meluxina-q", "mitigate": "cdr:circuits=2"}, "3 or more"),
        (real_amplitudes(6, reps=12), {"device": "meluxina-q", "mitigate": "pec", "shots": 1200}, "fewer layers"),
    ],
)
def test_what_cannot_be_is_refused_beforehand(circuit, how, words):
    observable = SparsePauliOp("Z" * circuit.num_qubits)
    with pytest.raises(UsageError, match=words):
        hybrid.compile(circuit, observable, backend="exact", **how)


def test_overlaps_take_no_strings():
    with pytest.raises(UsageError, match="take readout, twirl or zne"):
        plan(Spec(problem="h2", algorithm="vqd", device="meluxina-q", shots=400, mitigate="trex", max_evals=4))


@pytest.mark.parametrize("device", ["meluxina-q", "iqm-star-24", "aqt-20"])
@pytest.mark.parametrize("dd", ["none", "echo", "xy4"])
def test_random_paulis_change_nothing_without_noise(device, dd):
    """On the device's own pulses, every error and detuning zero."""
    n, loaded = 4, Device.load(f"{device}:dephasing=markov")
    every = range(loaded.n_qubits)
    perfect = {
        "gates": {name: replace(gate, error=dict.fromkeys(gate.error, 0.0)) for name, gate in loaded.gates.items()},
        **{name: (math.inf,) * len(every) for name in ("t1_s", "t2_echo_s")},
        **{name: (0.0,) * len(every) for name in ("init_error", "readout_p01", "readout_p10")},
    }
    ansatz, observable = real_amplitudes(n, reps=2, entanglement="linear"), SparsePauliOp(["ZZII", "XXXX", "IYYI", "IIIZ"])
    x = np.random.default_rng(1).uniform(-3, 3, (1, ansatz.num_parameters))
    want = hybrid.compile(ansatz, observable).values(x).values
    for mitigate in ("twirl", "trex", "twirl+zne:factors=1/3"):
        found = hybrid.compile(
            ansatz, observable, device=replace(loaded, **perfect), backend="exact", dd=dd, mitigate=mitigate
        ).values(x, seed=2)
        assert found.values == pytest.approx(want, abs=1e-12) and found.stderr == pytest.approx(0, abs=1e-12)


OUTSIDE = '''"""Readings of the circuit and of its threefold folding, in equal parts."""
from hybrid.extend import Extrapolation, Mitigation, fold


def halves(*, factor: int = 3) -> Mitigation:
    """The mean of two lengths."""

    def variants(circuit):
        return [circuit, fold(circuit, factor)]

    return Mitigation(extrapolation=Extrapolation(variants, lambda values: float(values.mean()), (0.5, 0.5)))
'''


def test_a_method_from_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(OUTSIDE)
    how = {"device": "meluxina-q:dephasing=markov", "backend": "exact"}
    mine, line, raw = (
        hybrid.compile(ANSATZ, OBSERVABLE, mitigate=mitigate, **how).values(X[None]).values[0]
        for mitigate in ("readout+./mine.py:halves:factor=3", "readout+zne:model=linear,fold_by=circuit", "readout")
    )
    assert mine == pytest.approx(raw - (line - raw), abs=1e-12)  # line = raw + (raw - folded)/2, mine = raw - (raw - folded)/2
    spec = replace(NOISY, mitigate="./mine.py:halves")
    before = spec.id
    assert "#" in spec.resolved()["mitigate"] and run(spec, tmp_path, device_interval=False, force=True).stderr > 0
    (tmp_path / "mine.py").write_text(OUTSIDE + "\n")
    assert spec.id != before


@pytest.mark.parametrize("wrong", ["1 / 0", "[circuit, None]"])
def test_what_goes_wrong_in_a_method_from_a_file_names_it(tmp_path, wrong):
    (tmp_path / "mine.py").write_text(OUTSIDE.replace("[circuit, fold(circuit, factor)]", wrong))
    with pytest.raises(UsageError, match="mitigation 'halves': (ZeroDivision|Type|Attribute)Error"):
        hybrid.compile(ANSATZ, OBSERVABLE, device="meluxina-q", backend="exact", mitigate=f"{tmp_path}/mine.py:halves")
