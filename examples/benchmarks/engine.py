"""The exact engine beside other simulators: medians of ratios, measured side by side in this one run.

    python examples/benchmarks/engine.py [--quick] [--slow]

1. Without noise: energy and gradient of EfficientSU2 (3 layers, linear) on the critical Ising chain.
2. The same on the stand-in for MeluXina-Q, every error included; one realization of its detunings.

It compares with what is installed (pip install qulacs pennylane tensorcircuit-ng jax) and names what is not. One thread,
double precision. `--slow` lets PennyLane's default.mixed and TensorCircuit-NG take ten qubits, too: minutes of compiling.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before anything loads a BLAS
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp

from hybrid.backends.aer import aer
from hybrid.backends.exact import exact
from hybrid.compilation import Measuring, compile_query
from hybrid.device import Device
from hybrid.exact.fuse import Site, plan
from hybrid.exact.maps import PAULI, PURE, Prepare, Rotation, elements, harmonics, matrix
from hybrid.noise import kraus
from hybrid.types import Channel, Expectation, Runner, Task

Call = Callable[[], Any]


# --- Measuring -------------------------------------------------------------------------------------------------------


def seconds(call: Call) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def compare(ours: Call, theirs: dict[str, Call], repeats: int) -> None:
    """Print our median, and for each other its median and the median over pairs of theirs/ours."""
    ours()
    print(f"   exact engine             {1e3 * statistics.median(seconds(ours) for _ in range(repeats)):10.3f} ms")
    for name, call in theirs.items():
        call()
        pairs = [(seconds(ours), seconds(call)) for _ in range(repeats)]
        ratio, middle = (statistics.median(b / a for a, b in pairs), statistics.median(b for _, b in pairs))
        print(f"   {name:24} {1e3 * middle:10.3f} ms   {ratio:8.1f} times ours")


# --- Tasks -----------------------------------------------------------------------------------------------------------


def ising(n: int) -> SparsePauliOp:
    """-sum Z Z - sum X on a chain."""
    terms = [("ZZ", [q, q + 1], -1.0) for q in range(n - 1)] + [("X", [q], -1.0) for q in range(n)]
    return SparsePauliOp.from_sparse_list(terms, n)


class Catching:
    """The exact backend, which remembers the task that it was given."""

    def __init__(self) -> None:
        self.compile, self.memory_bytes, self.describe = self._compile, exact().memory_bytes, exact().describe

    def _compile(self, task: Task) -> Runner:
        self.task = task
        return exact().compile(task)


def task_of(n: int, device: str) -> Task:
    """What a backend is given for the chain's energy."""
    circuit, backend = efficient_su2(n, reps=3, entanglement="linear"), Catching()
    compile_query(Expectation(circuit, ising(n)), tuple(circuit.parameters), Device.load(device), backend, Measuring())
    return backend.task


# --- The others, without noise ---------------------------------------------------------------------------------------


def qulacs_call(n: int, angles: np.ndarray) -> Call:
    """Set the parameters, energy, backpropagation."""
    import qulacs

    circuit, observable = qulacs.ParametricQuantumCircuit(n), qulacs.Observable(n)
    for layer in range(4):
        for add in (circuit.add_parametric_RY_gate, circuit.add_parametric_RZ_gate):
            for q in range(n):
                add(q, 0.0)
        for q in range((n - 1) * (layer < 3)):
            circuit.add_CNOT_gate(q, q + 1)
    for q in range(n - 1):
        observable.add_operator(-1.0, f"Z {q} Z {q + 1}")
    for q in range(n):
        observable.add_operator(-1.0, f"X {q}")

    def call() -> Any:
        for place, angle in enumerate(angles):
            circuit.set_parameter(place, -angle)
        state = qulacs.QuantumState(n)
        circuit.update_quantum_state(state)
        return observable.get_expectation_value(state), circuit.backprop(observable)

    return call


def lightning_call(n: int, angles: np.ndarray) -> Call:
    """Adjoint differentiation on lightning.qubit; the energy comes along."""
    import pennylane as qml

    terms = [qml.Z(q) @ qml.Z(q + 1) for q in range(n - 1)] + [qml.X(q) for q in range(n)]
    hamiltonian = qml.Hamiltonian([-1.0] * len(terms), terms)

    @qml.qnode(qml.device("lightning.qubit", wires=n), diff_method="adjoint")
    def energy(theta: Any) -> Any:
        place = iter(theta)
        for layer in range(4):
            for gate in (qml.RY, qml.RZ):
                for q in range(n):
                    gate(next(place), wires=q)
            for q in range((n - 1) * (layer < 3)):
                qml.CNOT(wires=[q, q + 1])
        return qml.expval(hamiltonian)

    gradient, theta = qml.grad(energy), qml.numpy.array(angles, requires_grad=True)
    return lambda: gradient(theta)


# --- The others, with noise ------------------------------------------------------------------------------------------


def unitaries(task: Task, setting: int, theta: Any) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Every step as a unitary (D, D) or as Kraus operators (r, D, D), on wires of which the first is the highest bit."""
    from jax import numpy as jnp

    numbers = {angle: place for place, angle in enumerate(task.angles)}
    for qubits, what, _ in elements(task.settings[setting], numbers, PURE):
        wires = qubits[::-1]
        if isinstance(what, Rotation):
            _, cosine, sine = harmonics(what.gate, PURE)
            yield jnp.cos(theta[what.angle] / 2) * cosine + jnp.sin(theta[what.angle] / 2) * sine, wires
        elif isinstance(what, Channel):
            yield kraus(what), wires
        elif not isinstance(what, Prepare):
            yield matrix(what, PURE), wires


def jitted(task: Task, angles: np.ndarray, weights: np.ndarray, outcomes: Callable[[int, Any], Any]) -> tuple[Call, Call]:
    """Value, and value with gradient, compiled."""
    import jax

    def value(theta: Any) -> Any:
        return sum(weights[s] @ outcomes(s, theta) for s in range(len(weights)))

    energy, slopes = jax.jit(value), jax.jit(jax.value_and_grad(value))
    return lambda: energy(angles).block_until_ready(), lambda: slopes(angles)[1].block_until_ready()


def mixed_calls(task: Task, angles: np.ndarray, weights: np.ndarray) -> tuple[Call, Call]:
    """PennyLane's default.mixed under jax.jit."""
    import pennylane as qml

    n = task.n_qubits

    @qml.qnode(qml.device("default.mixed", wires=n), interface="jax", diff_method="backprop")
    def outcomes(setting: int, theta: Any) -> Any:
        for operator, wires in unitaries(task, setting, theta):
            if operator.ndim == 2:
                qml.QubitUnitary(operator, wires=wires)
            else:
                qml.QubitChannel(list(operator), wires=wires)
        return qml.probs(wires=range(n - 1, -1, -1))

    return jitted(task, angles, weights, outcomes)


def tensorcircuit_calls(task: Task, angles: np.ndarray, weights: np.ndarray) -> tuple[Call, Call]:
    """TensorCircuit-NG's density matrix on JAX."""
    import tensorcircuit

    tensorcircuit.set_backend("jax")
    tensorcircuit.set_dtype("complex128")
    n = task.n_qubits

    def outcomes(setting: int, theta: Any) -> Any:
        circuit = tensorcircuit.DMCircuit(n)
        for operator, wires in unitaries(task, setting, theta):
            places = [n - 1 - wire for wire in wires]
            if operator.ndim == 2:
                circuit.unitary(*places, unitary=operator)
            else:
                kinds = [tensorcircuit.gates.Gate(k.reshape((2,) * (2 * len(places)))) for k in operator]
                circuit.general_kraus(kinds, *places)
        return circuit.probability()

    return jitted(task, angles, weights, outcomes)


# --- The report ------------------------------------------------------------------------------------------------------


def product_seconds(n: int, repeats: int) -> float:
    """One product of a 16 x 16 block with a whole state of 4^n numbers."""
    block, state = np.ones((16, 16)), np.ones((16, 4 ** (n - 2)))
    out = np.empty_like(state)
    return statistics.median(seconds(lambda: np.matmul(block, state, out=out)) for _ in range(repeats))


def without_noise(n: int, repeats: int) -> None:
    """Table 1."""
    circuit = efficient_su2(n, reps=3, entanglement="linear")
    runner = exact().compile(task_of(n, "ideal"))
    angles = np.random.default_rng(0).uniform(-np.pi, np.pi, circuit.num_parameters)
    others = {"qulacs": lambda: qulacs_call(n, angles), "pennylane_lightning": lambda: lightning_call(n, angles)}
    print(f"\nenergy and gradient, no noise, {n} qubits, {len(angles)} parameters")
    compare(lambda: runner.differentiate(angles[None]), {k: make() for k, make in others.items() if find_spec(k)}, repeats)


def with_noise(n: int, repeats: int, *, traced: bool) -> None:
    """Table 2."""
    task = task_of(n, "meluxina-q")
    rng = np.random.default_rng(0)
    angles, weights = rng.uniform(-np.pi, np.pi, len(task.angles)), rng.uniform(-1, 1, (len(task.settings), 2**n))
    runner, density = exact().compile(task), aer(method="density_matrix").compile(task)
    energies: dict[str, Call] = {"Aer density matrix": lambda: density.distributions(angles[None])}
    gradients: dict[str, Call] = {}
    for name, module, calls in (
        ("default.mixed, jax.jit", "pennylane", mixed_calls),
        ("TensorCircuit-NG", "tensorcircuit", tensorcircuit_calls),
    ):
        if traced and find_spec(module) and find_spec("jax"):
            energies[name], gradients[name] = calls(task, angles, weights)
    steps = sum(len(setting.steps) for setting in task.settings)
    print(f"\nstand-in, {n} qubits, {len(task.settings)} settings of {steps // len(task.settings)} steps, {len(angles)} angles")
    print("energy")
    compare(lambda: runner.distributions(angles[None]), energies, repeats)
    print("energy and gradient")
    compare(lambda: runner.differentiate(angles[None], weights), gradients, repeats)
    energy, gradient, theirs = (
        statistics.median(seconds(call) for _ in range(repeats))
        for call in (
            lambda: runner.distributions(angles[None]),
            lambda: runner.differentiate(angles[None], weights),
            lambda: density.distributions(angles[None]),
        )
    )
    uses = sum(
        isinstance(e.what, Rotation) for e in elements(task.settings[0], {a: i for i, a in enumerate(task.angles)}, PURE)
    )
    print(f"   gradient in energies                {gradient / energy:8.1f}")
    print(f"   parameter shift on Aer, from {1 + 2 * uses} energies   {(1 + 2 * uses) * theirs / gradient:8.0f} times ours")
    floor(task, energy, product_seconds(n, 10 * repeats))


def floor(task: Task, energy: float, product: float) -> None:
    """How far the energy is from its multiplications at the speed of one large product."""
    numbers = {angle: place for place, angle in enumerate(task.angles)}
    items = list(plan([elements(s, numbers, PAULI) for s in task.settings], PAULI).items)
    work = sum(item.cost for item in items) / (16 * 4**task.n_qubits)
    print(f"   a 16 x 16 block on a whole state    {1e3 * product:8.3f} ms; {sum(isinstance(i, Site) for i in items)} blocks")
    print(
        f"   do the work of {work:5.2f} such: floor  {1e3 * work * product:8.3f} ms, distance {energy / (work * product):.1f}"
    )


def main() -> None:
    """Print both tables."""
    quick, slow = "--quick" in sys.argv, "--slow" in sys.argv
    if find_spec("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
    for name in ("qulacs", "pennylane", "tensorcircuit", "jax"):
        if not find_spec(name):
            print(f"not installed: {name}")
    print("one thread, double precision; medians")
    for n in (4,) if quick else (4, 10, 16):
        without_noise(n, 3 if quick else 11)
    for n in (4,) if quick else (6, 10):
        with_noise(n, 3 if quick else 5, traced=not quick and (n < 10 or slow))


if __name__ == "__main__":
    main()
