"""Gradients by every method, and dE/d(number of the device), against one another and against differences of whole programs."""

from dataclasses import replace

import numpy as np
import pytest
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp

import hybrid
from hybrid.base.errors import UsageError
from hybrid.device.device import Device
from hybrid.measure import sensitivity
from hybrid.measure.compile import compile
from hybrid.measure.set_up import engine, set_up
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

CIRCUIT = efficient_su2(3, reps=1, entanglement="linear")
OBSERVABLE = SparsePauliOp(["ZZI", "XII", "IYZ"])
X = np.linspace(-1, 1, CIRCUIT.num_parameters)


@pytest.mark.parametrize(
    "options", [{}, {"dephasing": "markov"}, {"realizations": 8}, {"realizations": 8, "mitigate": "readout"}]
)
@pytest.mark.parametrize("backend", ["aer", "exact"])
def test_adjoint_is_parameter_shift(options, backend):
    """1e-8, what is asked for; both are exact, and the detunings are the same."""
    device = "meluxina-q" if options else "ideal"
    found, shifted = (
        compile(CIRCUIT, OBSERVABLE, device=device, backend=backend, gradient=method, **options).gradient(X, seed=3)
        for method in ("adjoint", "parameter-shift")
    )
    assert found.loss == pytest.approx(shifted.loss, abs=1e-10)
    assert found.gradient == pytest.approx(shifted.gradient, abs=1e-8)
    assert found.gradient_stderr == pytest.approx(shifted.gradient_stderr, abs=1e-8)


def test_finite_differences_and_directions():
    """Central differences err by h^2/6 times a third derivative below 10: 2e-8; one direction is right along itself."""
    exact, differences, along = (
        compile(CIRCUIT, OBSERVABLE, gradient=method).gradient(X, seed=0) for method in ("auto", "finite-difference", "spsa")
    )
    assert differences.gradient == pytest.approx(exact.gradient, abs=1e-7)
    signs = np.sign(along.gradient)
    assert np.abs(along.gradient) == pytest.approx(np.full(len(X), abs(signs @ exact.gradient)), abs=1e-6)


def test_evaluations_that_a_gradient_counts():
    methods = {"auto": 1, "adjoint": 1, "parameter-shift": 1 + 2 * 12, "finite-difference": 1 + 2 * 12, "spsa": 3}
    assert {m: compile(CIRCUIT, OBSERVABLE, gradient=m).evaluations_per_gradient for m in methods} == methods
    assert compile(CIRCUIT, OBSERVABLE, shots=10).evaluations_per_gradient == 25


def test_adjoint_with_shots_is_refused():
    with pytest.raises(UsageError, match="adjoint is that of infinitely many shots"):
        compile(CIRCUIT, OBSERVABLE, shots=100, gradient="adjoint")


@pytest.mark.parametrize(
    ("label", "realizations"),
    [("meluxina-q:dephasing=markov", None), ("spin-sige-6q", 8), ("iqm-star-24", None), ("aqt-20", None)],
)
def test_sensitivities_are_differences_of_programs(label, realizations, monkeypatch):
    """Of two measured groups on the stand-in, of one elsewhere.

    1e-5 of the slope or, where it is tiny, 1e-7 of E: differences of 1e-6 err by 1e-6 relative, and by rounding, 1e-14 of E."""
    device = Device.load(label)
    observable = OBSERVABLE if device.name == "meluxina-q" else SparsePauliOp(["ZZI", "IZX", "ZII"], [1.0, 0.7, -0.4])
    program = compile(CIRCUIT, observable, device=device, backend="exact", realizations=realizations)
    assert len(program.groups) == (2 if device.name == "meluxina-q" else 1)
    found = {s.key: dict(zip(s.places, s.slope, strict=True)) for s in program.sensitivities(X, seed=5).numbers}
    recipe, checked = program.execution.recipe, 0
    here = program.values(X[None], detuning_seed=5).values[0]
    monkeypatch.setattr(sensitivity, "RELATIVE_STEP", 1e-6)
    for step in sensitivity._steps(device, program.resources.physical):
        execution = set_up(recipe.isa, recipe.circuits, step.moved(1), engine(), recipe.conditions, as_listed=True)
        end = replace(program, execution=execution).values(X[None], detuning_seed=5).values[0]
        slope = (end - here) / (1e-6 * step.value)
        tolerance = max(1e-5 * abs(slope), 1e-7 / step.value)
        assert found[step.key][step.place] == pytest.approx(slope, abs=tolerance), step.key
        checked += 1
    assert checked > 20 and set(found) >= {"t1", "t2_echo", "readout_p01"}


@pytest.mark.parametrize("key", ["gates.cz.error", "readout_p01"])
def test_changes_are_predicted_to_first_order(key):
    """A fifth more error: second orders are a fifth of errors of a few per cent, well below a tenth of the change."""
    device = Device.load("meluxina-q:dephasing=markov")
    cz = device.gates["cz"]
    worse = {
        "gates.cz.error": {"gates": device.gates | {"cz": replace(cz, error={at: 1.2 * e for at, e in cz.error.items()})}},
        "readout_p01": {"readout_p01": tuple(1.2 * p for p in device.readout_p01 or ())},
    }[key]
    program = compile(CIRCUIT, OBSERVABLE, device=device, backend="exact")
    recipe = program.execution.recipe
    changed = replace(
        program,
        execution=set_up(recipe.isa, recipe.circuits, replace(device, **worse), engine(), recipe.conditions, as_listed=True),
    )
    found = next(s for s in program.sensitivities(X).numbers if s.key == key)
    change = changed.values(X[None]).values[0] - program.values(X[None]).values[0]
    assert 0.2 * np.dot(found.slope, found.value) == pytest.approx(change, rel=0.1)
    assert abs(change) > 1e-4


def test_an_ideal_device_has_no_numbers():
    with pytest.raises(UsageError, match="device 'ideal' has no numbers"):
        hybrid.compile(CIRCUIT, OBSERVABLE).sensitivities(X)


def test_a_run_says_whose_gradients_it_took(tmp_path):
    borrowed, own, none = (
        run(Spec(problem="h2", max_iterations=1, **fields), tmp_path).simulator
        for fields in ({}, {"backend": "exact"}, {"gradient": "parameter-shift"})
    )
    assert borrowed.endswith("; gradients by the exact engine")
    assert "gradients" not in own + none
