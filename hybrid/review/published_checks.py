"""Published numbers recomputed on this machine, through the same calls that a user makes.

Where a law is published and not a number, the computed value is the largest deviation from it, and the published one is 0. All
seeds are fixed, so that a machine passes always or never.
"""

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

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
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

FIXED_ANGLES = {  # arXiv:2107.00677; their gamma is twice ours
    1: ([1.2310672582], [0.3926720292]),
    2: ([0.9754194654, 1.7959753912], [0.5550603401, 0.2925078148]),
    3: ([0.8441681638, 1.5968255081, 1.8741775931], [0.60875726, 0.459275309, 0.2353956226]),
}


class Check(NamedTuple):
    """One published number, its tolerance and source, and how it is computed (in a folder for records)."""

    name: str
    published: float
    tolerance: float
    source: str
    compute: Callable[[Path], float]


class CheckOutcome(NamedTuple):
    """A check done; `computed` is NaN, and `error` says why, where nothing could be computed."""

    check: Check
    computed: float
    seconds: float
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether the number is within its tolerance."""
        return abs(self.computed - self.check.published) <= self.check.tolerance

    def to_json(self) -> dict[str, Any]:
        """The row as one JSON object."""
        check = self.check
        row = {"name": check.name, "passed": self.passed, "computed": None if self.error else self.computed}
        row |= {"published": check.published, "tolerance": check.tolerance, "source": check.source}
        return row | {"seconds": round(self.seconds, 3), "error": self.error or None}


def outcomes(checks: "Sequence[Check] | None" = None) -> Iterator[CheckOutcome]:
    """Every check, each in a temporary folder that is removed again; one that raises has failed, the others go on."""
    for check in CHECKS if checks is None else checks:
        begun, computed, error = time.monotonic(), math.nan, ""
        try:
            with tempfile.TemporaryDirectory(prefix="hybrid-check-") as folder:
                computed = float(check.compute(Path(folder)))
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"
        yield CheckOutcome(check, computed, time.monotonic() - begun, error)


# ---- runs


def _of(name: str = "value", /, **fields: Any) -> Callable[[Path], float]:
    """A number of a run's result."""
    return lambda folder: getattr(run(Spec(**fields), folder, force=True), name)


def _known(name: str, problem: str) -> Callable[[Path], float]:
    """A known value of a problem, `exact` or `baseline`, from a run that only evaluates."""
    return _of(name, problem=problem, max_evals=0)


def _fixed_angles(graph: str, p: int) -> Callable[[Path], float]:
    """<C> over the maximum cut at the published angles."""

    def compute(folder: Path) -> float:
        gammas, betas = FIXED_ANGLES[p]
        point = [gamma / 2 for gamma in gammas] + betas
        fields: dict[str, Any] = {"algorithm": f"qaoa:p={p}", "problem": f"maxcut:graph={graph}", "max_evals": 0}
        return _of("ratio", initial_point=point, **fields)(folder)

    return compute


def _level(folder: Path) -> float:
    """The first excited level of H2 by VQD."""
    spec = Spec(algorithm="vqd:k=2", problem="h2", ansatz="efficient_su2:reps=3", optimizer="lbfgs", backend="exact")
    return run(spec, folder).quantities[0]["value"]


def _repeats(folder: Path) -> float:
    """1 if one seed gives one digest and another seed another, with shots on the stand-in."""
    fields: dict[str, Any] = {"problem": "h2", "device": "meluxina-q", "shots": 100, "max_evals": 4}
    first, again = (run(Spec(**fields, seed=7), folder / name, force=True).digest for name in ("a", "b"))
    return float(first == again != run(Spec(**fields, seed=8), folder, force=True).digest)


# ---- laws: the largest deviation from each, or the number that it gives

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


STO3G = "full CI in STO-3G at 0.735 angstrom: the number of every VQE tutorial, here to all its digits"
PFEUTY = "1 - csc(pi/(2(2n+1))): Pfeuty, Ann. Phys. 57, 79 (1970)"
BETHE = "exact diagonalisation, Pauli convention; n=4: -3-2 sqrt(3)"
WURTZ = "Wurtz & Lykov, PRA 104, 052419 (2021), arXiv:2107.00677"
FARHI = "(2p+1)/(2p+2): Farhi, Goldstone, Gutmann, arXiv:1411.4028"
SHIFT = "Mitarai et al., PRA 98, 032309 (2018), eq. 6"
LEVELS = "the published two-qubit Hamiltonian, diagonalised"
CEREZO = "(1/8)(3/8)^(n-1): Cerezo et al., Nat. Commun. 12, 1791 (2021)"
NIELSEN = "diag(1, 1-p, 1-p, 1-p): Nielsen & Chuang, 8.3.4"
INTERVAL = "definition of the interval; 4000 estimates, 400 shots each"
NEYMAN = "Neyman, J. R. Stat. Soc. 97, 558 (1934)"
SPINS = _of(problem="heisenberg:n=4", optimizer="lbfgs")
CHAIN = _of(problem="tfim:n=4", ansatz="hamiltonian_variational:reps=2,parameters=term", optimizer="lbfgs")
RING = _of("ratio", algorithm="qaoa:p=1", problem="maxcut:graph=ring,n=6", optimizer="lbfgs")
CHECKS: tuple[Check, ...] = (
    Check("H2, VQE energy / Ha", -1.137306036, 1e-6, STO3G, _of(problem="h2")),
    Check("H2, first excited level by VQD / Ha", -0.524615556, 1e-6, LEVELS, _level),
    Check("H2, exact energy / Ha", -1.137306036, 5e-10, STO3G, _known("exact", "h2")),
    Check("H2, Hartree-Fock energy / Ha", -1.116998997, 5e-10, "Hartree-Fock in STO-3G", _known("baseline", "h2")),
    Check("Ising chain, 4 spins, VQE energy", -4.7587704831, 1e-6, PFEUTY, CHAIN),
    Check("Ising chain, 10 spins, exact energy", -12.3814899997, 5e-10, PFEUTY, _known("exact", "tfim:n=10")),
    Check("Heisenberg chain, 4 spins, VQE energy", -6.4641016151, 1e-6, BETHE, SPINS),
    Check("Heisenberg chain, 10 spins, exact energy", -17.0321408291, 5e-10, BETHE, _known("exact", "heisenberg:n=10")),
    Check("QAOA p=1, ring of 6, cut / maximum", 0.75, 1e-6, FARHI, RING),
    Check("QAOA p=1, Petersen graph, fixed angles", 0.865563, 1e-6, WURTZ, _fixed_angles("petersen", 1)),
    Check("QAOA p=2, Petersen graph, fixed angles", 0.915840, 1e-6, WURTZ, _fixed_angles("petersen", 2)),
    Check("QAOA p=3, Petersen graph, fixed angles", 0.919021, 1e-6, WURTZ, _fixed_angles("petersen", 3)),
    Check("QAOA p=2, Heawood graph, fixed angles", 0.755906, 1e-6, WURTZ, _fixed_angles("heawood", 2)),
    Check("RY(t)|0>: <Z> - cos t", 0.0, 1e-12, "closed form", cosine),
    Check("RY(t)|0>: parameter shift + sin t", 0.0, 1e-12, SHIFT, slope),
    Check("RZ RY|0>: quantum geometric tensor - law", 0.0, 1e-12, "Stokes et al., Quantum 4, 269 (2020)", metric),
    Check("barren plateau, 4 qubits, global cost", 27 / 4096, 1e-12, CEREZO, plateau),
    Check("best allocation, eps^2 N / (sum |c| sigma)^2", 1.0, 1e-4, NEYMAN, allocation),
    Check("depolarising: Pauli-transfer matrix - law", 0.0, 1e-12, NIELSEN, depolarizing),
    Check("stand-in: <Z> as read out - law", 0.0, 1e-12, "(1-p01-p10) <Z> + p10-p01: closed form", readout),
    Check("stand-in, 4 qubits: Aer - reference backend", 0.0, 1e-9, "two independent simulators must agree", backends_agree),
    Check("share of 95 % intervals that hold cos t", 0.95, 0.02, INTERVAL, coverage),
    Check("variance of these estimates / ((1-<Z>^2)/N)", 1.0, 0.09, "binomial; 0.09 is 4 sigma of 4000", variance),
    Check("one seed repeats, another differs (1 = yes)", 1.0, 0.0, "the stand-in with shots, run three times", _repeats),
)
