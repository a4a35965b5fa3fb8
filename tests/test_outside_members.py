"""Every member is one file with its function; a member of every family from outside, through the public modules alone."""

import json
import sys

import pytest

from hybrid import catalog
from hybrid.cli.app import main
from hybrid.runs.run import run
from hybrid.runs.spec import Spec


@pytest.mark.parametrize("family", sorted(set(catalog.FAMILIES) - {"devices"}))
def test_every_member_is_one_file_with_its_function(family):
    for name in catalog.names(family):
        signature = catalog.locate(family, name)
        assert signature.doc, f"{family}/{name} has no docstring"


OUTSIDE = '''
import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from hybrid.extend import Ansatz, Expectation, Gradient, Loss, Problem, Quantity, reference


def spin(*, field: float = 1.0):
    """One spin in a field."""
    return Problem(hamiltonian=SparsePauliOp("Z", field), unit="", ansatz="one_angle", exact=-abs(field))


def one_angle(problem, *, start: float = 0.3):
    """One rotation."""
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("t"), 0)
    return Ansatz(circuit, lambda rng: np.array([start]))


def halving(x, rng, *, rate: float = 0.5):
    """Gradient descent."""
    for k in range(60):
        loss, gradient = yield Gradient(x, iteration=k)
        x = x - rate * gradient
    return x


def minimum(session, problem):
    """The least eigenvalue, found twice; and what X is there."""
    ansatz = session.ansatz(problem.ansatz)
    loss = Loss((Expectation(ansatz.circuit, problem.hamiltonian),))
    session.minimize(loss, ansatz, share=0.5)
    found = session.minimize(loss, ansatz)
    value, stderr = session.measure(Expectation(ansatz.circuit, SparsePauliOp("X")), found.x[None])
    return found._replace(quantities=(Quantity("<X>", float(value[0]), float(stderr[0]), reference=0.0),))


def flip(*, n: int = 1):
    """Ones."""
    circuit = QuantumCircuit(n, n)
    circuit.x(range(n))
    circuit.measure(range(n), range(n))
    return circuit


def slow():
    """Qiskit's own simulator under another name."""
    return reference()
'''


@pytest.mark.slow  # by default the README's own members, of a file, stand for it
@pytest.mark.parametrize("prefix", ["{}/outside_{}/members.py", "outside_{}.members"])
def test_a_member_of_every_family_from_outside(tmp_path, monkeypatch, capsys, prefix):
    name = "module" if prefix.endswith("members") else "file"
    package = tmp_path / f"outside_{name}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "members.py").write_text(OUTSIDE)
    monkeypatch.syspath_prepend(tmp_path)
    head = prefix.format(name) if name == "module" else prefix.format(tmp_path, name)
    device = tmp_path / "mine.toml"
    device.write_text((catalog.folder("devices") / "meluxina-q.toml").read_text())
    spec = Spec(
        algorithm=f"{head}:minimum",
        problem=f"{head}:spin:field=2",
        ansatz=f"{head}:one_angle:start=0.5",
        optimizer=f"{head}:halving:rate=0.25",
        backend=f"{head}:slow",
        device=str(device),
    )
    result = run(spec, tmp_path / "results")
    assert result.converged
    assert -2 < result.value < -1.8  # the stand-in's readout and initialisation take about 5 % of 2
    assert [found["name"] for found in result.quantities] == ["<X>"]
    assert abs(result.quantities[0]["value"]) < 0.1
    monkeypatch.setattr(sys, "argv", ["hybrid", "sample", f"{head}:flip:n=2", "--shots", "7", "--json"])
    main()
    assert json.loads(capsys.readouterr().out)["counts"] == {"11": 7}
    (package / "members.py").write_text(OUTSIDE + "\n")
    assert Spec(**{k: getattr(spec, k) for k in ("algorithm", "problem")}).id != spec.id
