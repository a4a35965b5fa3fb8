"""Published laws as rows of one table, each through the public API, with its source; numbers are in test_published.py."""

import itertools
import math
from functools import cache

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.quantum_info import PTM, Kraus, SparsePauliOp, Statevector
from test_quasistatic import N, quiet, ramsey

import hybrid
from hybrid import catalog
from hybrid.base.types import Depolarizing, Estimates, Losses, Values
from hybrid.characterization import volume
from hybrid.characterization.apparatus import Apparatus
from hybrid.characterization.result import Row
from hybrid.characterization.volume import THRESHOLD
from hybrid.device.channels import kraus
from hybrid.device.device import Device
from hybrid.measure.allocation import proportional
from hybrid.review.published_checks import CHECKS

ROUNDING = 1e-12
TURNS = np.linspace(-3, 3, 13)
MITARAI = "Mitarai et al., PRA 98, 032309 (2018), eq. 6"
STOKES = "Stokes et al., Quantum 4, 269 (2020)"
CEREZO = "Cerezo et al., Nat. Commun. 12, 1791 (2021)"
OSTASZEWSKI = "Ostaszewski et al., Quantum 5, 391 (2021), Algorithm 1"
SPALL = "Spall, IEEE Trans. Aerosp. Electron. Syst. 34, 817 (1998)"
PHILIPS = "quasi-static Gaussian detuning: seeds/README.md"


def turned() -> QuantumCircuit:
    """RY(t)|0>."""
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("t"), 0)
    return circuit


def value() -> np.ndarray:
    return hybrid.compile(turned(), SparsePauliOp("Z")).values(TURNS[:, None]).values


def slopes(how: str, backend: str = "aer") -> np.ndarray:
    program = hybrid.compile(turned(), SparsePauliOp("Z"), gradient=how, backend=backend)
    return np.array([program.gradient(np.array([t])).gradient[0] for t in TURNS])


def metric(*, phase: bool, a: float = 0.7) -> np.ndarray:
    """Of RY(a)|0>, and with a phase of RZ(b) RY(a)|0>."""
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("a"), 0)
    if phase:
        circuit.rz(Parameter("b"), 0)
    return hybrid.compile(circuit, SparsePauliOp("Z")).metric(np.array([a, 0.4][: 1 + phase]))


def plateau(n: int, cost: str) -> float:
    """Variance over all angles of d(cost)/d(angle 0) behind RX on every qubit: the mean square over a grid of four angles per
    qubit, which is exact because a squared derivative has no harmonic above the second."""
    theta, circuit = ParameterVector("t", n), QuantumCircuit(n)
    for q in range(n):
        circuit.rx(theta[q], q)
    if cost == "global":  # 1 - |0..0><0..0| = 1 - prod (1 + Z)/2
        terms = [("".join(letters), -(0.5**n)) for letters in itertools.product("IZ", repeat=n)]
    else:  # 1 - mean (1 + Z)/2
        terms = [("I" * (n - 1 - q) + "Z" + "I" * q, -0.5 / n) for q in range(n)]
    program = hybrid.compile(circuit, SparsePauliOp.from_list(terms), backend="exact")
    grid = np.array(list(itertools.product(np.arange(4) * np.pi / 2 + 0.1, repeat=n)))
    found = np.array([answer.gradient[0] for answer in program.gradient_at_each(grid)])
    assert abs(found.mean()) < ROUNDING
    return float(np.mean(found**2))


def started(text: str, x: np.ndarray):
    return catalog.load(catalog.parse("optimizers", text))(x, np.random.default_rng(1))


def after_a_sweep(p: int) -> float:
    """<Z..Z> behind RY on each of p qubits, where one sweep of Rotosolve leaves it."""
    theta, circuit = ParameterVector("t", p), QuantumCircuit(p)
    for q in range(p):
        circuit.ry(theta[q], q)
    program = hybrid.compile(circuit, SparsePauliOp("Z" * p), backend="exact")
    optimization = started("rotosolve", np.random.default_rng(p).uniform(-3, 3, p))
    question = next(optimization)
    while question.iteration == 0:
        question = optimization.send(Losses(*program.values(question.points)))
    return float(program.values(question.x[None]).values[0])


def rotosolve_angle() -> float:
    """Where one answer sends the only angle, less t* of the formula from the same three values, modulo a turn."""
    program = hybrid.compile(turned(), SparsePauliOp(["Z", "X"], [0.8, -0.5]), backend="exact")
    optimization = started("rotosolve", np.array([0.0]))
    found = program.values(next(optimization).points)
    centre, plus, minus = found.values
    t = -math.pi / 2 - math.atan2(2 * centre - plus - minus, plus - minus)
    moved = optimization.send(Losses(*found)).x[0]
    return math.remainder(moved - t, 2 * math.pi)


def evaluations(p: int) -> list[int]:
    """Points that SPSA asks for in each of its first five steps."""
    optimization, asked = started("spsa", np.zeros(p)), []
    question = next(optimization)
    for _ in range(5):
        assert isinstance(question, Values)
        asked.append(len(question.points))
        question = optimization.send(Losses(np.array([0.3, 0.1]), np.zeros(2)))
    return asked


def spsa_option(name: str) -> float:
    return catalog.parse("optimizers", "spsa").options[name]


@cache
def estimates(shots: int = 400, t: float = 1.0) -> Estimates:
    """4,000 values of <Z> = cos t."""
    program = hybrid.compile(turned(), SparsePauliOp("Z"), shots=shots, backend="exact")
    return program.values(np.full((4000, 1), t), seed=1)


def different_points() -> float:
    """Correlation of the noise of two equal points asked for together, over 500 seeds."""
    program = hybrid.compile(turned(), SparsePauliOp("Z"), shots=50, backend="exact")
    found = np.array([program.values(np.array([[1.0], [1.0]]), seed=seed).values for seed in range(500)])
    return float(np.corrcoef(found.T)[0, 1])


def best_allocation() -> float:
    """eps^2 N of 10^6 shots in proportion to |c| sigma, term by term, in a state where every <P> is known."""
    observable = SparsePauliOp(["IZ", "ZI", "XX"], [0.5, -1.0, 2.0])
    circuit = QuantumCircuit(2)
    circuit.ry(1.1, 0)
    circuit.ry(0.4, 1)
    sigma = hybrid.compile(circuit, observable, shots=10, grouping="none").spreads(np.zeros(0))
    return float(np.sum(sigma**2 / proportional(10**6, sigma)) * 10**6)


def best_by_hand() -> float:
    means = math.cos(1.1), math.cos(0.4), math.sin(1.1) * math.sin(0.4)
    return sum(c * math.sqrt(1 - m**2) for c, m in zip((0.5, 1.0, 2.0), means, strict=True)) ** 2


def contrast(*, echo: bool, t2_us: float = 1.0, wait_us: float = 0.8) -> float:
    """<X> after a wait on a device with nothing but quasi-static dephasing; the mean over 1,024 detunings."""
    device = quiet(t2_star_s=(t2_us * 1e-6,) * N, t2_echo_s=(math.inf,) * N, t1_s=(math.inf,) * N, context_t2star_factor=1.0)
    program = hybrid.compile(ramsey(1e3 * wait_us, echo=echo), SparsePauliOp("X"), device=device, realizations=1024)
    return float(program.values(np.zeros((1, 0)), seed=1).values[0])


def of_check(name: str, folder) -> float:
    """What `hybrid check` computes for this row."""
    return next(check for check in CHECKS if check.name.startswith(name)).compute(folder)


def heavy_share(n: int = 8) -> float:
    """How often 40 random circuits of n qubits and n layers, without noise, give an outcome above their median."""
    shares = []
    for seed in range(40):
        circuit = catalog.load(catalog.parse("circuits", f"quantum_volume:n={n},seed={seed}"))()
        p = Statevector(circuit.remove_final_measurements(inplace=False)).probabilities()
        shares.append(p[p > np.median(p)].sum())
    return float(np.mean(shares))


LAWS = [
    ("RY|0>: <Z> = cos t", value, np.cos(TURNS), ROUNDING, "closed form"),
    ("d<Z>/dt = -sin t, parameter shift on Aer", lambda: slopes("parameter-shift"), -np.sin(TURNS), ROUNDING, MITARAI),
    ("d<Z>/dt = -sin t, on the reference", lambda: slopes("parameter-shift", "reference"), -np.sin(TURNS), ROUNDING, MITARAI),
    ("d<Z>/dt = -sin t, adjoint", lambda: slopes("adjoint"), -np.sin(TURNS), ROUNDING, "closed form"),
    ("metric of RY", lambda: metric(phase=False), np.array([[0.25]]), ROUNDING, STOKES),
    ("metric of RZ RY", lambda: metric(phase=True), np.diag([0.25, math.sin(0.7) ** 2 / 4]), ROUNDING, STOKES),
    *(
        (f"plateau, global cost, {n}", lambda n=n: plateau(n, "global"), 3 ** (n - 1) / 8**n, ROUNDING, CEREZO)
        for n in (1, 2, 3, 5)
    ),
    *((f"plateau, local cost, {n}", lambda n=n: plateau(n, "local"), 1 / (8 * n**2), ROUNDING, CEREZO) for n in (1, 2, 3, 5)),
    *((f"Rotosolve, {p} RY in one sweep", lambda p=p: after_a_sweep(p), -1.0, ROUNDING, OSTASZEWSKI) for p in (1, 2, 4, 6)),
    ("Rotosolve, t*", rotosolve_angle, 0.0, ROUNDING, OSTASZEWSKI),
    ("SPSA, alpha", lambda: spsa_option("alpha"), 0.602, 0.0, SPALL),
    ("SPSA, gamma", lambda: spsa_option("gamma"), 0.101, 0.0, SPALL),
    *((f"SPSA, evaluations per step, {p}", lambda p=p: evaluations(p), np.full(5, 2), 0.0, SPALL) for p in (1, 7, 300)),
    ("Var(mean of a Pauli) N/(1-<P>^2)", lambda: np.var(estimates().values) * 400 / math.sin(1) ** 2, 1.0, 0.09, "binomial"),
    (
        "coverage of 95 %",
        lambda: np.mean(np.abs(estimates().values - math.cos(1)) < 1.96 * estimates().stderr),
        0.95,
        0.014,
        "definition",
    ),
    ("noise of two points, correlation", different_points, 0.0, 0.18, "independent draws"),
    (
        "best allocation, eps^2 N = (sum |c| sigma)^2",
        best_allocation,
        best_by_hand(),
        1e-4,
        "Neyman, J. R. Stat. Soc. 97, 558 (1934)",
    ),
    ("Ramsey contrast", lambda: contrast(echo=False), math.exp(-(0.8**2)), 3e-3, PHILIPS),
    ("Ramsey contrast at T2*", lambda: contrast(echo=False, wait_us=1.0), math.exp(-1), 3e-3, PHILIPS),
    ("Hahn echo", lambda: contrast(echo=True), 1.0, 1e-6, PHILIPS),
    ("quantum volume, threshold", lambda: THRESHOLD, 2 / 3, 0.0, "arXiv:1811.12926"),
    ("quantum volume, ideal share", heavy_share, (1 + math.log(2)) / 2, 0.02, "arXiv:1811.12926"),
]
"""Tolerances of draws: variance of 4,000 values 4 sigma (2.2 % each); coverage 4 sigma of 4,000; correlation 4 sigma of 500;
1,024 detunings of a scrambled Sobol sequence 3e-3 (`test_quasistatic`), pulses of 0.1 ps 1e-6; shares of 40 circuits of 256
outcomes scatter by 0.04/sqrt 40, three of these. Seeds are fixed; false alarms would be below 3e-3 together."""


@pytest.mark.parametrize(("name", "compute", "published", "tolerance", "source"), LAWS, ids=[law[0] for law in LAWS])
def test_law(name, compute, published, tolerance, source):
    assert np.abs(np.asarray(compute()) - published).max() <= tolerance, f"{name}: {source}"


@pytest.mark.parametrize("name", ["depolarising: Pauli-transfer", "stand-in: <Z> as read out"])
def test_law_of_noise(name, tmp_path):
    """diag(1, 1-p, 1-p, 1-p) (Nielsen & Chuang, 8.3.4); (1-p01-p10) <Z> + p10 - p01: deviations, which `hybrid check` tells."""
    assert abs(of_check(name, tmp_path)) < ROUNDING


def test_aer_depolarizes_alike():
    """depolarizing_error(p, 1) has the Pauli-transfer matrix diag(1, 1-p, 1-p, 1-p)."""
    from qiskit_aer.noise import depolarizing_error

    assert PTM(depolarizing_error(0.1, 1)).data == pytest.approx(np.diag([1, 0.9, 0.9, 0.9]), abs=ROUNDING)
    assert PTM(Kraus(list(kraus(Depolarizing((0,), 0.1))))).data == pytest.approx(np.diag([1, 0.9, 0.9, 0.9]), abs=ROUNDING)


def test_two_sigma_rule(monkeypatch):
    """Width n passes where the share of heavy outputs, less two of its standard errors, is above 2/3."""
    bench = Apparatus(Device.load("meluxina-q"), catalog.load(catalog.parse("backends", "exact"))(), 100, 1)
    for shares, log2 in (({2: 0.70, 3: 0.69, 4: 0.68}, 4), ({2: 0.70, 3: 0.69, 4: 0.674}, 3), ({2: 0.67, 3: 0.66, 4: 0.6}, 0)):
        monkeypatch.setattr(volume, "_width", lambda *a, s=shares: Row(experiment="q", qubits=(), value=s[a[2]], stderr=0.005))
        assert volume.quantum_volume(bench, np.random.SeedSequence(0)).rows[-1].value == log2
