"""Named circuits against closed forms; their limits; that they fit on the stand-in."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector, partial_trace
from qiskit_aer import AerSimulator

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.catalog.circuits.qft import transform
from hybrid.compilation.transpile import to_isa
from hybrid.device.device import Device

NAMES = catalog.names("circuits")


def circuit(text: str) -> QuantumCircuit:
    """The circuit that `text` names on the command line."""
    return catalog.load(catalog.parse("circuits", text))()


def state(found: QuantumCircuit) -> Statevector:
    """Before the final measurements."""
    return Statevector(found.remove_final_measurements(inplace=False))


def ideal(text: str) -> dict[str, float]:
    """Probability by outcome, zeros left out."""
    found = circuit(text)
    qubits = {item.clbits[0]: found.find_bit(item.qubits[0]).index for item in found.data if item.clbits}
    probabilities = state(found).probabilities_dict([qubits[bit] for bit in found.clbits])
    return {outcome: p for outcome, p in probabilities.items() if p > 1e-12}


def test_all_are_there():
    """The names that the project promised."""
    promised = ["bell", "ghz", "w_state", "qft", "qpe", "grover", "bernstein_vazirani", "deutsch_jozsa", "teleportation"]
    assert set(NAMES) == {*promised, "graph_state", "quantum_volume", "random"}


@pytest.mark.parametrize("name", NAMES)
def test_every_circuit(name):
    """Small by default, measured at its end into one register, and it runs on the stand-in's chain."""
    found = circuit(name)
    assert found.name == name
    assert found.num_qubits <= 5
    assert [register.name for register in found.cregs] == ["c"]
    assert all(not item.clbits for item in found.data[: -found.num_clbits])
    assert [item.clbits[0] for item in found.data[-found.num_clbits :]] == found.clbits
    isa = to_isa(found.remove_final_measurements(inplace=False), Device.load("meluxina-q"))
    assert set(isa.circuit.count_ops()) <= {"rz", "sx", "cz"}
    assert circuit(name) == found


@pytest.mark.parametrize("name", NAMES)
def test_every_docstring_tells_the_ideal_output(name):
    assert "deally" in catalog.locate("circuits", name).doc


CERTAIN = [
    ("bell", {"00": 0.5, "11": 0.5}),
    ("bell:state=psi_minus", {"01": 0.5, "10": 0.5}),
    ("ghz:n=1", {"0": 0.5, "1": 0.5}),
    ("ghz", {"000": 0.5, "111": 0.5}),
    ("ghz:n=12", {"0" * 12: 0.5, "1" * 12: 0.5}),
    ("w_state:n=1", {"1": 1}),
    ("w_state:n=2", {"01": 0.5, "10": 0.5}),
    ("w_state:n=7", {"0" * k + "1" + "0" * (6 - k): 1 / 7 for k in range(7)}),
    ("qft", {f"{k:04b}": 1 / 16 for k in range(16)}),
    ("qft:n=1,state=comb", {"0": 0.5, "1": 0.5}),
    ("qft:n=5,state=comb", {"00000": 0.5, "10000": 0.5}),
    ("qft:state=wave", {"0001": 1}),
    ("qft:n=7,state=wave,frequency=97", {f"{97:07b}": 1}),
    ("qpe", {"0011": 1}),
    ("qpe:n=1,phase=0.5", {"1": 1}),
    ("qpe:n=6,phase=0.546875", {f"{35:06b}": 1}),
    ("qpe:phase=0", {"0000": 1}),
    ("bernstein_vazirani", {"1011": 1}),
    ("bernstein_vazirani:secret=0010110", {"0010110": 1}),
    ("deutsch_jozsa", {"111": 1}),
    ("deutsch_jozsa:n=5,kind=constant", {"00000": 1}),
    ("graph_state:n=3,graph=line", {f"{k:03b}": 1 / 8 for k in range(8)}),
]


@pytest.mark.parametrize(("text", "expected"), CERTAIN, ids=[text for text, _ in CERTAIN])
def test_ideal_outcomes(text, expected):
    assert ideal(text) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("name", "vector"), [
    ("phi_plus", [1, 0, 0, 1]), ("phi_minus", [1, 0, 0, -1]), ("psi_plus", [0, 1, 1, 0]), ("psi_minus", [0, 1, -1, 0]),
])  # fmt: skip
def test_bell_states(name, vector):
    expected = Statevector(np.array(vector) / math.sqrt(2))
    assert abs(state(circuit(f"bell:state={name}")).inner(expected)) == pytest.approx(1)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_w_state_has_no_signs(n):
    expected = np.zeros(2**n)
    expected[2 ** np.arange(n)] = n**-0.5
    assert abs(np.vdot(expected, state(circuit(f"w_state:n={n}")).data)) == pytest.approx(1)


@pytest.mark.parametrize("n", range(1, 7))
def test_qft_is_the_discrete_fourier_transform(n):
    """2^(-n/2) exp(2 pi i x k / 2^n), phase included."""
    found = QuantumCircuit(n)
    transform(found, n)
    k = np.arange(2**n)
    np.testing.assert_allclose(Operator(found).data, np.exp(2j * np.pi * np.outer(k, k) / 2**n) / 2 ** (n / 2), atol=1e-12)


@settings(max_examples=20)
@given(st.integers(1, 6), st.floats(0, 1, exclude_max=True))
def test_phase_between_two_numbers(n, phase):
    """sin^2(pi 2^n d) / (4^n sin^2(pi d)) at distance d (Cleve et al., arXiv:quant-ph/9708016), so >= 4/pi^2 at the nearest."""
    found = ideal(f"qpe:n={n},phase={phase}")
    for k in range(2**n):
        d = phase - k / 2**n
        exact = abs(np.mean(np.exp(2j * np.pi * d * np.arange(2**n)))) ** 2
        assert found.get(f"{k:0{n}b}", 0) == pytest.approx(exact, abs=1e-9)
    ordered = sorted(found.values())
    assert ordered[-1] > 4 / np.pi**2 - 1e-9
    assert sum(ordered[-2:]) > 8 / np.pi**2 - 1e-9


@pytest.mark.parametrize("n", range(2, 7))
def test_grover(n):
    """sin^2((2k+1) asin 2^(-n/2)) after k rounds; the default is the best of the first maximum."""
    t = math.asin(2 ** (-n / 2))
    success = [ideal(f"grover:n={n},iterations={k}").get("0" + "1" * (n - 1), 0.0) for k in range(8)]
    assert success == pytest.approx([math.sin((2 * k + 1) * t) ** 2 for k in range(8)], abs=1e-9)
    marked = "10" * 3
    found = ideal(f"grover:n={n},marked={marked[:n]}")
    assert max(found, key=found.__getitem__) == marked[:n]
    assert found[marked[:n]] == pytest.approx(max(success[: round(math.pi / 4 / t) + 1]), abs=1e-9)
    assert len({round(p, 9) for outcome, p in found.items() if outcome != marked[:n]}) <= 1


@pytest.mark.parametrize(("graph", "n"), list(itertools.product(("ring", "line", "complete"), (1, 2, 3, 5))))
def test_graph_state_stabilizers(graph, n):
    """X on a vertex, Z on its neighbours: +1 for every vertex."""
    psi = state(circuit(f"graph_state:n={n},graph={graph}"))
    for vertex in range(n):
        near = {"complete": set(range(n)), "line": {vertex - 1, vertex + 1} & set(range(n)),
                "ring": {(vertex - 1) % n, (vertex + 1) % n}}[graph] - {vertex}  # fmt: skip
        generator = SparsePauliOp.from_sparse_list([("X" + "Z" * len(near), [vertex, *near], 1)], num_qubits=n)
        assert psi.expectation_value(generator).real == pytest.approx(1)


@pytest.mark.parametrize(("theta", "phi"), [(1.0, 0.5), (0.0, 0.0), (2.5, -1.2)])
def test_teleportation_moves_the_state(theta, phi):
    """What is left on qubit 2 is what was prepared on qubit 0, and nothing of it stays behind."""
    one = QuantumCircuit(1)
    one.ry(theta, 0)
    one.rz(phi, 0)
    psi = state(circuit(f"teleportation:theta={theta},phi={phi}"))
    received = partial_trace(psi, [0, 1])
    assert np.trace(received.data @ np.outer(Statevector(one).data, Statevector(one).data.conj())).real == pytest.approx(1)
    np.testing.assert_allclose(psi.probabilities([0, 1]), 0.25, atol=1e-12)


def test_teleportation_by_feed_forward():
    """Measured on the way, it gives the outcomes of the version that measures at the end."""
    shots, expected = 20_000, ideal("teleportation")
    found = circuit("teleportation:feed_forward=true")
    counts = AerSimulator(seed_simulator=5, max_parallel_threads=1).run(found, shots=shots).result().get_counts()
    assert counts.keys() == expected.keys()
    for outcome, p in expected.items():
        assert abs(counts[outcome] - shots * p) < 5 * math.sqrt(shots * p * (1 - p))


def test_quantum_volume_is_heavy():
    """Its outcomes above the median add up to (1 + ln 2)/2 on average (arXiv:1811.12926, after eq. 3)."""
    heavy = []
    for seed in range(20):
        p = state(circuit(f"quantum_volume:n=6,seed={seed}")).probabilities()
        heavy.append(p[p > np.median(p)].sum())
    assert np.mean(heavy) == pytest.approx((1 + math.log(2)) / 2, abs=0.02)


@pytest.mark.parametrize("name", ["quantum_volume", "random"])
def test_seeds(name):
    """The same seed, the same circuit; another seed, another; depth counts layers."""
    assert circuit(f"{name}:n=5,seed=7") == circuit(f"{name}:n=5,seed=7")
    assert circuit(f"{name}:n=5,seed=7") != circuit(f"{name}:n=5,seed=8")
    assert circuit(f"{name}:n=4,depth=9").size() > circuit(f"{name}:n=4,depth=2").size()
    assert circuit("quantum_volume:n=5,depth=3").count_ops()["unitary"] == 6


def test_random_gates_are_known_everywhere():
    known = {"h", "x", "y", "z", "s", "sdg", "t", "tdg", "rx", "ry", "rz", "cx", "cz", "measure"}
    assert set(circuit("random:n=6,depth=40").count_ops()) == known


@pytest.mark.parametrize(
    "text", ["ghz:n=1000", "w_state:n=1000", "graph_state:n=1000", "qft:n=200", "qpe:n=50", "random:n=1000"]
)
def test_large(text):
    assert circuit(text).num_qubits >= 50


WRONG = [
    ("ghz:n=0", "n must lie between 1 and 1000, not 0"),
    ("ghz:n=1001", "n must lie between 1 and 1000, not 1001"),
    ("ghz:n=three", "takes a whole number"),
    ("bell:state=phi", "Did you mean 'phi_plus'?"),
    ("bell:n=3", "unknown option"),
    ("w_state:n=-1", "n must lie between 1 and 1000"),
    ("qft:n=201", "n must lie between 1 and 200"),
    ("qft:state=wave,frequency=16", "frequency must lie between 0 and 15, not 16"),
    ("qft:frequency=3", "frequency belongs to state=wave, not to state=zero"),
    ("qpe:n=51", "n must lie between 1 and 50"),
    ("qpe:phase=1", "at least 0 and below 1, not 1.0"),
    ("qpe:phase=nan", "finite number"),
    ("grover:n=1", "n must lie between 2 and 20"),
    ("grover:marked=01", "marked must have 3 to 3 digits, not 2"),
    ("grover:marked=012", "marked must be made of 0 and 1, not '012'"),
    ("grover:iterations=-1", "iterations must lie between 0 and 1000"),
    ("bernstein_vazirani:secret=", "secret must have 1 to 999 digits, not 0"),
    ("bernstein_vazirani:secret=10a", "secret must be made of 0 and 1, not '10a'"),
    ("bernstein_vazirani:secret=" + "1" * 1000, "secret must have 1 to 999 digits, not 1000"),
    ("deutsch_jozsa:n=1000", "n must lie between 1 and 999"),
    ("deutsch_jozsa:kind=even", "Allowed: balanced, constant"),
    ("graph_state:n=0", "n must lie between 1 and 1000"),
    ("graph_state:n=201,graph=complete", "at most 200 vertices, not 201"),
    ("quantum_volume:n=1", "n must lie between 2 and 1000"),
    ("quantum_volume:depth=0", "depth must lie between 1 and 1000"),
    ("quantum_volume:n=1000", "the number of gates, depth n/2, must lie between 1 and 100000, not 500000"),
    ("quantum_volume:seed=-1", "seed must not be negative, not -1"),
    ("random:n=1000,depth=1000", "the number of gates, depth n, must lie between 1 and 100000"),
    ("random:seed=-1", "seed must not be negative"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text[:40] for text, _ in WRONG])
def test_limits(text, message):
    with pytest.raises(UsageError) as error:
        circuit(text)
    assert message in str(error.value)


def test_limits_of_the_python_functions():
    """What the command line's types keep out already."""
    from hybrid.catalog.circuits.qpe import qpe
    from hybrid.catalog.circuits.teleportation import teleportation

    with pytest.raises(UsageError, match="below 1, not nan"):
        qpe(phase=math.nan)
    with pytest.raises(UsageError, match="must be finite numbers"):
        teleportation(theta=math.inf)
