"""Wide and narrow noisy values against independent methods: Aer's density matrix, and a Pauli-vector matrix product state."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import PTM, DensityMatrix, Kraus, Operator
from qiskit_aer import AerSimulator
from test_wide import program

from hybrid import catalog
from hybrid.base.types import DiagonalTerms, Operation, Setting
from hybrid.device.channels import kraus, qubits_of
from hybrid.device.device import Device
from hybrid.measure.observables import terms_of
from hybrid.measure.program import Program
from hybrid.measure.set_up import described
from hybrid.simulators.exact import exact

MOST_BOND, CUTOFF = 512, 1e-15
"""Singular values below the second number are rounding: what is left out of a state of norm 1 stays below 1e-12."""


def settings_of(ours: Program, x: np.ndarray) -> tuple[list[Setting], list[DiagonalTerms]]:
    """The circuits of a value without detunings, their angles bound, and the terms with readout errors."""
    recipe = ours.execution.recipe
    settings, _ = described(recipe.isa, recipe.circuits, recipe.device, recipe.conditions, None)
    at = dict(zip(recipe.isa.circuit.parameters, ours.angle_map(x[None])[0].tolist(), strict=True))

    def bound(step):
        if not isinstance(step, Operation) or not any(getattr(p, "parameters", ()) for p in step.gate.params):
            return step
        return Operation(step.gate.base_class(*(at.get(p, p) for p in step.gate.params)), step.qubits)

    terms = terms_of(ours.groups, None)
    assert terms is not None
    return [s._replace(steps=tuple(map(bound, s.steps))) for s in settings], ours.execution.of_true_outcomes(terms)


def by_density_matrix(setting: Setting, terms: DiagonalTerms) -> float:
    """The sum of terms from Aer's density matrix: gates and Kraus operators one by one, no noise model between."""
    circuit = QuantumCircuit(setting.n_qubits)
    for step in setting.steps:
        gate = step.gate if isinstance(step, Operation) else Kraus(list(kraus(step))).to_instruction()
        circuit.append(gate, list(qubits_of(step)))
    circuit.save_density_matrix()
    state: DensityMatrix = (
        AerSimulator(method="density_matrix", max_parallel_threads=1).run(circuit).result().data()["density_matrix"]
    )
    p, outcomes = np.real(np.diag(np.asarray(state))), np.arange(2**setting.n_qubits)
    factors = np.array([terms.factors[q, outcomes >> q & 1] for q in range(setting.n_qubits)])
    inside = [[q for q in range(setting.n_qubits) if int(mask) >> q & 1] for mask in terms.masks]
    return sum(c * float(p @ np.prod(factors[qubits], axis=0)) for c, qubits in zip(terms.coefficients, inside, strict=True))


@pytest.mark.parametrize("most", [6, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [name for name in catalog.names("devices") if name != "ideal"])
def test_aer_density_matrix_on_every_profile(name, most):
    device = Device.load(name, dephasing="markov")
    n = min(most, device.n_qubits or 0)
    ours, x = program(n, device, exact(), reps=1), np.random.default_rng(n).uniform(-3, 3, 4 * n)
    parts = zip(*settings_of(ours, x), strict=True)
    value = ours.values(x[None], seed=0).values[0] - ours.constant
    assert value == pytest.approx(sum(by_density_matrix(*part) for part in parts), abs=1e-10)


class PauliVector:
    """r_P = tr(P rho) over the strings P of I, X, Y, Z as a matrix product state of quimb, its sites in the given order."""

    def __init__(self, order: list[int]) -> None:
        import quimb.tensor as qtn

        self._site = {q: i for i, q in enumerate(order)}
        zero = np.array([1.0, 0, 0, 1])
        self._state = qtn.MPS_product_state([zero] * len(order))

    def apply(self, matrix: np.ndarray, qubits: tuple[int, ...]) -> None:
        """A Pauli transfer matrix, the first qubit its fastest index (Qiskit's order)."""
        sites, k = [self._site[q] for q in reversed(qubits)], len(qubits)
        if sites != sorted(sites):
            matrix = matrix.reshape((4,) * 4).transpose(1, 0, 3, 2).reshape(16, 16)
        how = {} if k == 1 else {"contract": "swap+split", "max_bond": MOST_BOND, "cutoff": CUTOFF, "cutoff_mode": "abs"}
        self._state.gate_(matrix, sorted(sites) if k > 1 else sites[0], **(how or {"contract": True}))

    def value(self, terms: DiagonalTerms) -> float:
        arrays = [self._tensor(site) for site in range(len(self._site))]
        qubit = {site: q for q, site in self._site.items()}
        total = 0.0
        for mask, c in zip(terms.masks, terms.coefficients, strict=True):
            left = np.ones(1)
            for site, array in enumerate(arrays):
                high, low = terms.factors[qubit[site]] if int(mask) >> qubit[site] & 1 else (1.0, 1.0)
                vector = np.array([(high + low) / 2, 0, 0, (high - low) / 2])
                left = left @ np.einsum("apb,p->ab", array, vector)
            total += c * float(left[0])
        return total

    def _tensor(self, site: int) -> np.ndarray:
        """(left bond, 4, right bond)."""
        tensor, last = self._state[site], len(self._site) - 1
        bonds = [self._state.bond(site - 1, site)] if site else []
        after = [self._state.bond(site, site + 1)] if site < last else []
        array = tensor.transpose(*bonds, self._state.site_ind(site), *after).data
        return array.reshape(1 if not site else array.shape[0], 4, 1 if site == last else array.shape[-1])


def by_pauli_vector(setting: Setting, terms: DiagonalTerms, order: list[int]) -> float:
    state = PauliVector(order)
    for step in setting.steps:
        channel = Operator(step.gate) if isinstance(step, Operation) else Kraus(list(kraus(step)))
        state.apply(np.real(PTM(channel).data), qubits_of(step))
    return state.value(terms)


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("aqt-20", 20),
        pytest.param("meluxina-q:n=20", 20, marks=pytest.mark.slow),
        pytest.param("iqm-star-24", 24, marks=pytest.mark.slow),
    ],
)
def test_a_pauli_vector_matrix_product_state(name, n):
    """Nothing in common but the noise description: quimb swaps and splits, the engine reads qubits early."""
    pytest.importorskip("quimb")
    ours, x = program(n, Device.load(name, dephasing="markov"), exact(), reps=1), np.random.default_rng(n).uniform(-1, 1, 4 * n)
    isa = ours.execution.recipe.isa
    order = [*(q for q in isa.layout if q >= 0), *(q for q in range(isa.circuit.num_qubits) if q not in isa.layout)]
    settings, terms = settings_of(ours, x)
    value = ours.values(x[None], seed=0).values[0] - ours.constant
    found = sum(by_pauli_vector(s, t, order) for s, t in zip(settings, terms, strict=True))
    assert value == pytest.approx(found, abs=1e-10)
