"""Circuits as users and other packages make them: appended parts, initialisations, resets, qubits read twice, nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import DensityMatrix, SparsePauliOp, random_clifford

import hybrid
from hybrid.base.errors import UsageError


@pytest.mark.parametrize("bits", [0, 2])
def test_a_circuit_that_measures_nothing_gives_zeros_as_qiskit_does(bits):
    with pytest.warns(UserWarning, match="measures nothing"):
        (found,) = hybrid.Sampler().run([QuantumCircuit(2, bits)], shots=7).result()
    assert [register.get_counts() for register in found.data.values()] == [{"00": 7}] * (bits > 0)


def test_a_circuit_of_no_qubits():
    (found,) = hybrid.Estimator().run([(QuantumCircuit(), SparsePauliOp.from_list([("", 2.5)]))]).result()
    assert float(found.data.evs) == 2.5
    with pytest.raises(UsageError, match="the circuit has no qubit"):
        hybrid.sample(QuantumCircuit(), measure_all=True)


@st.composite
def put_together(draw: st.DrawFn) -> QuantumCircuit:
    """Three qubits with what users append: circuits, instructions, initialisations, Clifford operators, resets."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    circuit, inner = QuantumCircuit(3), random_circuit(2, 2, seed=int(rng.integers(1000)))
    parts = {
        "circuit": lambda q: circuit.append(inner, q[:2]),
        "instruction": lambda q: circuit.append(inner.to_instruction(), q[:2]),
        "clifford": lambda q: circuit.append(random_clifford(2, seed=int(rng.integers(1000))), q[:2]),
        "controlled": lambda q: circuit.append(inner.to_gate().control(1, annotated=True), q),
        "initialize": lambda q: circuit.initialize(rng.normal(size=2), q[0], normalize=True),
        "reset": lambda q: circuit.reset(q[0]),
        "gates": lambda q: circuit.compose(inner, q[:2], inplace=True),
    }
    for name in draw(st.lists(st.sampled_from(sorted(parts)), min_size=1, max_size=4)):
        parts[name](rng.permutation(3).tolist())
    return circuit


@given(put_together())
@settings(max_examples=25)
def test_what_users_put_together_is_what_it_is_for_qiskit(circuit):
    """Expectation values and the distribution against Qiskit's density matrices, which know resets and definitions."""
    state = DensityMatrix.from_instruction(circuit)
    observables = ["XYZ", "ZZI", "IIX"]
    (found,) = hybrid.Estimator().run([(circuit, observables)]).result()
    assert found.data.evs == pytest.approx([state.expectation_value(SparsePauliOp(o)).real for o in observables], abs=1e-9)
    (sampled,) = hybrid.Sampler(seed=1).run([circuit.measure_all(inplace=False)], shots=400).result()
    shares = np.array([sampled.data.meas.get_counts().get(f"{k:03b}", 0) / 400 for k in range(8)])
    assert np.abs(shares - state.probabilities()).max() < 5 * np.sqrt(0.25 / 400)  # five sigma of each share


@pytest.mark.parametrize("device", ["ideal", "meluxina-q"])
def test_reading_again_at_the_end_changes_nothing(device):
    """As qiskit-algorithms do: into bits of their own, then with measure_all."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    circuit.measure_all(add_bits=True)
    (found,) = hybrid.Sampler(device=device, seed=1).run([circuit], shots=200).result()
    assert found.data.c.get_counts() == found.data.meas.get_counts()
    assert set(hybrid.sample(circuit, device=device, shots=50).counts) <= {f"{k:02b} {k:02b}" for k in range(4)}
    with pytest.raises(UsageError, match="reads a qubit into two"):
        hybrid.sample(circuit, device=device, shots=50, mitigate="readout")
