"""Published laws recomputed: the largest deviation from each, or the number that it gives; see `published_checks`."""

import math
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp

from hybrid import catalog
from hybrid.base.types import Depolarizing
from hybrid.device.channels import PAULIS, kraus
from hybrid.device.device import Device
from hybrid.measure.allocation import proportional
from hybrid.measure.compile import compile

TURNS = np.linspace(-3.0, 3.0, 13)[:, None]
"""Angles t of RY(t)|0>, one point per row."""


def _turned() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("t"), 0)
    return circuit


def cosine(folder: Path) -> float:
    """RY(t)|0>: <Z> = cos t."""
    return _worst(compile(_turned(), SparsePauliOp("Z")).values(TURNS).values - np.cos(TURNS[:, 0]))


def slope(folder: Path) -> float:
    """RY(t)|0>: d<Z>/dt = -sin t, by parameter shift."""
    program = compile(_turned(), SparsePauliOp("Z"))
    return _worst([program.gradient(t).gradient[0] + math.sin(t[0]) for t in TURNS])


def metric(folder: Path) -> float:
    """RZ(b) RY(a)|0>: the quantum geometric tensor is diag(1/4, sin^2(a)/4)."""
    circuit = _turned()
    circuit.rz(Parameter("u"), 0)
    program = compile(circuit, SparsePauliOp("Z"))
    return _worst([program.metric(np.array([t[0], 0.4])) - np.diag([0.25, math.sin(t[0]) ** 2 / 4]) for t in TURNS])


def plateau(folder: Path) -> float:
    """RX on four qubits: the mean square of the first derivative of <(1 + Z)/2 ... (1 + Z)/2>, over a grid that is exact."""
    theta, circuit = ParameterVector("t", 4), QuantumCircuit(4)
    for q in range(4):
        circuit.rx(theta[q], q)
    projector = SparsePauliOp.from_list([("".join(letters), 1 / 16) for letters in product("IZ", repeat=4)])
    grid = np.array(list(product(np.arange(4) * math.pi / 2, repeat=4)))
    answers = compile(circuit, projector, backend="exact").gradient_at_each(grid)
    return float(np.mean([answer.gradient[0] ** 2 for answer in answers]))


def allocation(folder: Path) -> float:
    """eps^2 N by shots in proportion to sigma, over (sum sigma)^2, of H2's terms one by one where the run starts."""
    problem = catalog.load(catalog.parse("problems", "h2"))()
    ansatz = catalog.load(catalog.parse("ansatze", problem.ansatz))(problem)
    program = compile(ansatz.circuit, problem.hamiltonian, shots=100, grouping="none")
    sigma = program.spreads(np.full(program.n_parameters, 0.3))
    return float(np.sum(sigma**2 / proportional(10**6, sigma)) * 10**6 / sigma.sum() ** 2)


def depolarizing(folder: Path) -> float:
    """Depolarising with p = 0.1: the Pauli-transfer matrix tr(P_i E(P_j))/2 is diag(1, 1-p, 1-p, 1-p)."""
    operators = kraus(Depolarizing((0,), 0.1))
    matrix = np.einsum("iab,kbc,jcd,kad->ij", PAULIS, operators, PAULIS, operators.conj()) / 2
    return _worst(matrix - np.diag([1, 0.9, 0.9, 0.9]))


def readout(folder: Path) -> float:
    """On the stand-in, against the same stand-in with perfect readout: <Z>_measured = (1-p01-p10) <Z> + (p10-p01)."""
    device = Device.load("meluxina-q", dephasing="markov")
    assert device.readout_p01 is not None and device.readout_p10 is not None
    zeros = (0.0,) * len(device.readout_p01)
    clean = compile(_turned(), SparsePauliOp("Z"), device=replace(device, readout_p01=zeros, readout_p10=zeros))
    noisy = compile(_turned(), SparsePauliOp("Z"), device=device)
    where = noisy.resources.physical[noisy.resources.layout[0]]
    p01, p10 = device.readout_p01[where], device.readout_p10[where]
    return _worst(noisy.values(TURNS).values - ((1 - p01 - p10) * clean.values(TURNS).values + (p10 - p01)))


def backends_agree(folder: Path) -> float:
    """A noisy four-qubit circuit on the stand-in, under the same detunings: Aer against Qiskit's own density matrix."""
    circuit = efficient_su2(4, reps=1)
    observable = SparsePauliOp(["IIZZ", "XXII", "YIIY"], [1.0, 0.5, -0.25])
    points = np.random.default_rng(0).uniform(-3, 3, (2, circuit.num_parameters))
    programs = [compile(circuit, observable, device="meluxina-q", realizations=8, backend=b) for b in ("aer", "reference")]
    values = [program.values(points, seed=1).values for program in programs]
    return _worst(values[0] - values[1])


def _estimates() -> tuple[np.ndarray, np.ndarray]:
    """4000 estimates of <Z> = cos 1 from 400 shots each, with their standard errors."""
    values, stderr = compile(_turned(), SparsePauliOp("Z"), shots=400).values(np.ones((4000, 1)), seed=1)
    return values, stderr


def coverage(folder: Path) -> float:
    values, stderr = _estimates()
    return float(np.mean(np.abs(values - math.cos(1)) <= 1.959964 * stderr))


def variance(folder: Path) -> float:
    """The estimates' variance in units of (1 - <Z>^2)/N."""
    return float(np.var(_estimates()[0]) / (math.sin(1) ** 2 / 400))


def _worst(deviations: Any) -> float:
    return float(np.max(np.abs(deviations)))
