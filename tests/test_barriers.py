"""Barriers keep what is written: a mirrored circuit stays a circuit of gates on every road that measures it."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

import hybrid

DEVICE = "meluxina-q:dephasing=markov"


def mirrored(*, measured: bool) -> QuantumCircuit:
    """X, a barrier and X: the identity, two pulses of each X apart."""
    circuit = QuantumCircuit(1, 1 if measured else 0)
    circuit.x(0)
    circuit.barrier(0)
    circuit.x(0)
    if measured:
        circuit.measure(0, 0)
    return circuit


def test_sample():
    found = hybrid.sample(mirrored(measured=True), device=DEVICE, shots=10)
    assert found.native_gates["sx"] == 4 and found.duration_s == pytest.approx(4 * 65e-9)


def test_sampler():
    result = hybrid.Sampler(device=DEVICE, seed=1).run([mirrored(measured=True)], shots=20_000).result()
    errors = 1 - result[0].data.c.get_counts()["0"] / 20_000
    # 1 % of preparation, 1.5 % of readout, and four X90 pulses of 0.1 %: without the pulses 2.4 to 2.5 %
    assert 0.0255 < errors < 0.031  # the pulses add 0.2 %, two standard errors; three standard errors either way


def test_compile_and_estimator():
    plain = QuantumCircuit(1)
    both = [hybrid.compile(c, SparsePauliOp("Z"), device=DEVICE, backend="exact") for c in (plain, mirrored(measured=False))]
    values = [program.values(np.zeros((1, 0)), seed=0)[0][0] for program in both]
    assert values[1] < values[0] - 1e-3
    estimator = hybrid.Estimator(device=DEVICE, backend="exact")
    assert estimator.run([(mirrored(measured=False), SparsePauliOp("Z"))]).result()[0].data.evs == pytest.approx(values[1])
