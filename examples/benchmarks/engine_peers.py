"""The calls of other simulators that `engine.py` compares with: the same circuits, the same outcomes, compiled once.

Every function gives a call without arguments, or two: the energy, and energy and gradient.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import CXGate, HGate, IGate, RYGate, RZGate, UnitaryGate
from qiskit_aer import AerSimulator
from qiskit_aer.library import SaveProbabilities
from qiskit_aer.noise import NoiseModel, kraus_error

from hybrid.base.types import Channel, Depolarizing, Operation, Setting, Task
from hybrid.device.channels import kraus, qubits_of
from hybrid.simulators.engine.maps import PURE, Prepare, Rotation, elements, harmonics, matrix

Call = Callable[[], Any]


# --- Without noise ---------------------------------------------------------------------------------------------------


def qulacs_calls(n: int, angles: np.ndarray) -> tuple[Call, Call]:
    """Set the parameters and energy; the same and backpropagation."""
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

    def energy() -> Any:
        for place, angle in enumerate(angles):
            circuit.set_parameter(place, -angle)
        state = qulacs.QuantumState(n)
        circuit.update_quantum_state(state)
        return observable.get_expectation_value(state)

    return energy, lambda: (energy(), circuit.backprop(observable))


def lightning_calls(n: int, angles: np.ndarray) -> tuple[Call, Call]:
    """lightning.qubit; adjoint differentiation, with which the energy comes along."""
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
    return lambda: energy(theta), lambda: gradient(theta)


# --- With noise -------------------------------------------------------------------------------------------------------


def noise_model_call(task: Task, angles: np.ndarray) -> Call:
    """Aer's density matrices with a NoiseModel: each error is bound to the gate before it, or to an identity."""
    model, circuits = NoiseModel(), []

    def build(setting: Setting) -> QuantumCircuit:
        circuit = QuantumCircuit(task.n_qubits)
        steps = list(setting.steps)
        for place, step in enumerate(steps):
            qubits = step.qubits if isinstance(step, Operation) else qubits_of(step)
            noise = step if isinstance(step, Channel) else None
            following = steps[place + 1] if place + 1 < len(steps) else None
            if isinstance(step, Operation):
                gate = step.gate.to_mutable()
                if isinstance(following, Channel) and qubits_of(following) == qubits:
                    noise = following
            elif isinstance(steps[place - 1], Operation) and steps[place - 1].qubits == qubits:
                continue  # bound to that gate
            else:
                gate = IGate().to_mutable() if len(qubits) == 1 else UnitaryGate(np.eye(4))
            if noise is not None:
                gate.label = f"noise{len(model.noise_instructions)}_{place}_{len(circuits)}"
                model.add_quantum_error(kraus_error(list(kraus(noise))), gate.label, list(qubits))
            circuit.append(gate, qubits)
        circuit.append(SaveProbabilities(task.n_qubits), range(task.n_qubits))
        return circuit

    for setting in task.settings:
        circuits.append(build(setting))
    simulator = AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1)
    values = dict(zip(task.angles, angles, strict=True))

    def call() -> Any:
        bound = [c.assign_parameters({p: values[p] for p in c.parameters}) for c in circuits]
        result = simulator.run(bound).result()
        return np.array([result.data(i)["probabilities"] for i in range(len(bound))])

    return call


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


def mixed_calls(n: int, angles: np.ndarray, probability: float) -> tuple[Call, Call]:
    """PennyLane's default.mixed under jax.jit, the circuit as a user writes it: CNOTs with depolarizing on both their qubits.

    With every step of the stand-in as a matrix or Kraus operators XLA does not finish compiling ten qubits within half an
    hour. This has 54 channels where the stand-in has some 540 in two settings, and reads a single time: to its favour.
    """
    import jax
    import pennylane as qml

    terms = [qml.Z(q) @ qml.Z(q + 1) for q in range(n - 1)] + [qml.X(q) for q in range(n)]
    hamiltonian = qml.Hamiltonian([-1.0] * len(terms), terms)

    @qml.qnode(qml.device("default.mixed", wires=n), interface="jax", diff_method="backprop")
    def energy(theta: Any) -> Any:
        place = iter(range(len(angles)))
        for layer in range(4):
            for gate in (qml.RY, qml.RZ):
                for q in range(n):
                    gate(theta[next(place)], wires=q)
            for q in range((n - 1) * (layer < 3)):
                qml.CNOT(wires=[q, q + 1])
                for wire in (q, q + 1):
                    qml.DepolarizingChannel(probability, wires=wire)
        return qml.expval(hamiltonian)

    value, slopes = jax.jit(energy), jax.jit(jax.value_and_grad(energy))
    return lambda: value(angles).block_until_ready(), lambda: slopes(angles)[1].block_until_ready()


def depolarized(n: int, probability: float) -> tuple[Task, np.ndarray]:
    """The task of `mixed_calls`, and the weights of its two settings; PennyLane's p is the probability of X, Y and Z."""
    angles = [Parameter(f"t{place:02d}") for place in range(8 * n)]
    place, steps = iter(angles), list[Operation | Channel]()
    for layer in range(4):
        for gate in (RYGate, RZGate):
            steps += [Operation(gate(next(place)), (q,)) for q in range(n)]
        for q in range((n - 1) * (layer < 3)):
            steps += [Operation(CXGate(), (q, q + 1)), *(Depolarizing((w,), 4 * probability / 3) for w in (q, q + 1))]
    turned = (*steps, *(Operation(HGate(), (q,)) for q in range(n)))
    z = 1.0 - 2 * ((np.arange(2**n) >> np.arange(n)[:, None]) & 1)
    settings = Setting(n, tuple(steps)), Setting(n, turned)
    return Task(settings, tuple(angles), None, 0, 1), -np.array([(z[1:] * z[:-1]).sum(axis=0), z.sum(axis=0)])


def tensorcircuit_calls(task: Task, angles: np.ndarray, weights: np.ndarray, dtype: str = "complex128") -> tuple[Call, Call]:
    """TensorCircuit-NG's density matrix on JAX."""
    import tensorcircuit

    tensorcircuit.set_backend("jax")
    tensorcircuit.set_dtype(dtype)
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


# --- A process for each ----------------------------------------------------------------------------------------------


def main(name: str, n: int, repeats: int) -> None:
    """One traced simulator on the stand-in's Markovian part, default.mixed on less: checked against the exact engine, then
    timed beside it."""
    import jax
    from engine import median, noisy

    from hybrid.simulators.exact import exact

    single = name.endswith("single")
    jax.config.update("jax_enable_x64", not single)
    task, angles, weights = noisy(n, "markov")
    if name == "default.mixed":
        task, weights = depolarized(n, 0.01)
        calls = mixed_calls(n, angles, 0.01)
    else:
        calls = tensorcircuit_calls(task, angles, weights, "complex64" if single else "complex128")
    runner = exact().compile(task)
    value, slopes = runner.differentiate(angles[None], weights)
    tolerance = 1e-3 if single else 1e-9
    assert abs(float(calls[0]()) - value[0]) < tolerance
    assert np.abs(np.asarray(calls[1]()) - slopes[0]).max() < tolerance
    ours = (lambda: runner.distributions(angles[None]), lambda: runner.differentiate(angles[None], weights))
    for what, mine, call in zip(("energy", "energy and gradient"), ours, calls, strict=True):
        a, b = median(mine, repeats), median(call, repeats)
        print(
            f"   {name:20} {what:20} {1e3 * b:10.2f} ms, ours in this process {1e3 * a:8.3f} ms {b / a:8.1f} times ours",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
