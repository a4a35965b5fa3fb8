"""TensorCircuit-NG on JAX: circuits contracted as tensor networks, compiled by XLA."""

import os
from collections.abc import Callable
from typing import Any, Literal, final

import numpy as np

from hybrid.bench.adapters._shared import refuse, simulator, versions
from hybrid.bench.job import Answer, Job

EXTRA = "tensorcircuit"


def tensorcircuit(*, precision: Literal["double", "single"] = "double") -> "TensorCircuitAdapter":
    """TensorCircuit (Zhang et al., Quantum 7, 912, 2023) as tensorcircuit-ng; gradients by automatic differentiation.

    XLA's compilation is the phase `compile`, and may take a thousand times as long as a call.
    """
    return TensorCircuitAdapter(precision)


@final
class TensorCircuitAdapter:
    """The adapter with its options bound."""

    def __init__(self, precision: str) -> None:
        self._dtype = {"double": "complex128", "single": "complex64"}[precision]

    def load(self) -> dict[str, str]:
        """Import TensorCircuit and JAX."""
        simulator("jax", EXTRA)
        simulator("tensorcircuit", EXTRA).set_backend("jax")
        return versions("tensorcircuit-ng", "jax", "jaxlib")

    def refusal(self, job: Job) -> str | None:
        """Everything but noise."""
        return refuse("tensorcircuit", job, tasks=("expectations", "counts", "gradient"))

    def translate(self, job: Job) -> Callable[[Any], Any]:
        """The circuit at a point, as TensorCircuit's own object; its qubit 0 is the most significant."""
        os.environ["NPROC"] = str(job.threads)  # the threads of XLA, which starts at the first array
        module = simulator("tensorcircuit", EXTRA)
        module.set_dtype(self._dtype)

        def circuit(point: Any) -> Any:
            built = module.Circuit(job.n_qubits)
            for step in job.steps:
                qubits = [job.n_qubits - 1 - qubit for qubit in step.qubits]
                if step.name.startswith("r"):
                    getattr(built, step.name)(*qubits, theta=step.at(point))
                else:
                    getattr(built, step.name)(*qubits)
            return built

        return circuit

    def compile(self, native: Callable[[Any], Any], job: Job) -> Callable[[], Answer]:
        """Traced and compiled for the shapes of this job; every call is XLA's program alone."""
        jax, module = simulator("jax", EXTRA), simulator("tensorcircuit", EXTRA)
        backend, points = module.backend, np.array(job.points, dtype=module.rdtypestr)

        if job.task == "counts":
            chances = np.random.default_rng(job.seed).random(job.shots).astype(module.rdtypestr)
            draw = jax.jit(
                lambda point, status: native(point).sample(
                    batch=job.shots, allow_state=True, status=status, format="sample_int"
                )
            )
            run, precision = draw.lower(points[0], chances).compile(), self._precision(native, points[0])

            def counts() -> Answer:
                outcomes, numbers = np.unique(np.asarray(run(points[0], chances)), return_counts=True)
                return Answer(counts=dict(zip(outcomes.tolist(), numbers.tolist(), strict=True)), precision=precision)

            return counts

        products = [_product(module, terms) for terms in job.observables]

        def values(point: Any) -> Any:
            state = native(point).state()
            return backend.stack([backend.real(backend.tensordot(backend.conj(state), of(state), 1)) for of in products])

        asked = backend.value_and_grad(lambda point: values(point)[0]) if job.task == "gradient" else jax.vmap(values)
        given = points[0] if job.task == "gradient" else points
        run, precision = jax.jit(asked).lower(given).compile(), self._precision(native, points[0])

        def expectations() -> Answer:
            return Answer(values=np.asarray(run(given), dtype=float), precision=precision)

        def gradient() -> Answer:
            value, slopes = run(given)
            return Answer(np.array([[value]], dtype=float), np.asarray(slopes, dtype=float), precision=precision)

        return gradient if job.task == "gradient" else expectations

    def _precision(self, native: Callable[[Any], Any], point: np.ndarray) -> str:
        """Of the amplitudes, from their type alone: nothing is computed."""
        amplitudes = simulator("jax", EXTRA).eval_shape(lambda x: native(x).state(), point)
        return "single" if amplitudes.dtype == np.complex64 else "double"


def _product(module: Any, terms: tuple[tuple[str, float], ...]) -> Callable[[Any], Any]:
    """The observable times a state, without its matrix; a Pauli string's leftmost letter is qubit 0."""
    return module.quantum.PauliStringSum2MVP(
        [["IXYZ".index(letter) for letter in pauli] for pauli, _ in terms], [weight for _, weight in terms]
    )
