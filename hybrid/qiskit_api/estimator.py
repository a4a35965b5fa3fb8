"""Estimator: Qiskit's `BaseEstimatorV2` on any device and backend, and gradients."""

import threading
from collections.abc import Iterable
from math import ceil
from typing import Any, NamedTuple, cast, final

import numpy as np
from qiskit import QuantumCircuit
from qiskit.primitives import BaseEstimatorV2, DataBin, PrimitiveJob, PrimitiveResult, PubResult
from qiskit.primitives.containers.estimator_pub import EstimatorPub, EstimatorPubLike
from qiskit.quantum_info import SparseObservable, SparsePauliOp

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.base.randomness import EstimatorStream, Seed, child
from hybrid.base.types import Estimates, Expectation, LossGradient, Points
from hybrid.compilation.transpile import OPTIMIZATION_LEVEL
from hybrid.device.device import Device
from hybrid.measure.choices import WORDS, checked_level, gradient_method
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.grouping import group_terms
from hybrid.measure.program import Program
from hybrid.qiskit_api.deferred import without_resets
from hybrid.qiskit_api.shared import Remembered, root_of


class _Entry(NamedTuple):
    """An observable, the places in a PUB's flattened array that ask for it, and their points."""

    observable: SparsePauliOp
    where: list[int]
    points: Points


@final
class Estimator(BaseEstimatorV2):
    """Expectation values of every observable at every point of every PUB (Qiskit's primitive unified bloc).

    `precision` is the largest standard error that a value may have. It is met by shots: as many as bound it for the worst
    state, and more of them where the answers still show more (detunings, mitigation). 0 means infinitely many shots; where no
    precision is given, `shots` counts (0 again infinitely many). `stds` are the standard errors of what was measured.
    A circuit that Qiskit has transpiled runs on the qubits it names; any other is laid out here.

    The n-th call draws from the n-th child of `seed` (int, Generator, None: fresh entropy), PUB, observable and point from
    its children. Without shots all calls share their detunings: an optimiser sees one smooth landscape.
    """

    def __init__(
        self,
        *,
        device: str | Device = "ideal",
        backend: str = "aer",
        default_precision: float | None = None,
        shots: int = 0,
        seed: int | np.random.Generator | None = None,
        dephasing: str | None = None,
        realizations: int | None = None,
        grouping: str = "qwc",
        mitigate: str = "none",
        dd: str = "none",
        gradient: str = "auto",
        threads: int = 1,
        optimization_level: int = OPTIMIZATION_LEVEL,
    ) -> None:
        """UsageError names what does not exist or does not go together."""
        loaded = device if isinstance(device, Device) and dephasing is None else Device.load(str(device), dephasing=dephasing)
        for name, value in {"grouping": grouping, "dd": dd, "gradient": gradient}.items():
            if value not in WORDS[name]:
                raise unknown(name, value, WORDS[name])
        if default_precision and shots:
            raise UsageError("default_precision and shots contradict each other; give one of them.")
        self.device = loaded
        self.default_precision = default_precision
        self._member = catalog.load(catalog.parse("backends", backend))()
        conditions, level = Conditions(shots, realizations, threads, dd), checked_level(optimization_level)
        self._measuring = Measuring(conditions, grouping, mitigate, gradient, level)
        self._programs: Remembered[Program] = Remembered()
        self._root, self._calls, self._lock = root_of(seed), 0, threading.Lock()

    def run(self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None) -> PrimitiveJob:
        """A job with `evs` and `stds` of every PUB, of the PUB's shape."""
        coerced, root = self._asked(pubs, precision)
        job = PrimitiveJob(self._run, coerced, root)
        job._submit()
        return job

    def gradient(self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None) -> PrimitiveResult:
        """As `run`, computed before it returns, with `gradients` (*shape, p) and `gradient_stds` beside `evs` and `stds`.

        Derivatives are by the circuit's parameters in their order: adjoint (one reverse pass of the exact engine) without
        shots, by parameter shift with them, or as `gradient` says. Every shifted point gets the shots of `precision`.
        """
        coerced, root = self._asked(pubs, precision)
        with self._lock:
            results = [self._gradients(pub, child(root, i)) for i, pub in enumerate(coerced)]
        return PrimitiveResult(results, metadata={"version": 2})

    def _asked(
        self, pubs: Iterable[EstimatorPubLike], precision: float | None
    ) -> tuple[list[EstimatorPub], np.random.SeedSequence]:
        default = self.default_precision if precision is None else precision
        root, self._calls = child(self._root, self._calls), self._calls + 1
        return [EstimatorPub.coerce(pub, default) for pub in pubs], root

    def _run(self, pubs: list[EstimatorPub], root: np.random.SeedSequence) -> PrimitiveResult:
        with self._lock:
            return PrimitiveResult([self._pub(pub, child(root, i)) for i, pub in enumerate(pubs)], metadata={"version": 2})

    def _pub(self, pub: EstimatorPub, root: np.random.SeedSequence) -> PubResult:
        evs, stds, about = np.zeros(pub.size), np.zeros(pub.size), self._about(pub)
        for i, (observable, where, points) in enumerate(_entries(pub)):
            program = self._program(pub, observable)
            estimates, answers = _measured(program, points, child(root, i), self._detunings(program), pub.precision)
            evs[where], stds[where] = estimates
            self._add(about, program, answers * len(points))
        data = DataBin(evs=evs.reshape(pub.shape), stds=stds.reshape(pub.shape), shape=pub.shape)
        return PubResult(data, metadata=about)

    def _gradients(self, pub: EstimatorPub, root: np.random.SeedSequence) -> PubResult:
        p = pub.circuit.num_parameters
        about, by_place = self._about(pub), dict[int, LossGradient]()
        for i, (observable, where, points) in enumerate(_entries(pub)):
            program = self._program(pub, observable)
            about["gradient"] = program.method
            for j, (x, place) in enumerate(zip(points, where, strict=True)):
                seed, detunings = child(root, i, j), self._detunings(program)
                by_place[place] = program.gradient(x, seed=seed, detuning_seed=detunings)
                self._add(about, program, program.evaluations_per_gradient)
        answers = [by_place[place] for place in range(pub.size)]
        data = DataBin(
            evs=np.reshape([one.loss for one in answers], pub.shape),
            stds=np.reshape([one.loss_stderr for one in answers], pub.shape),
            gradients=np.reshape([one.gradient for one in answers], (*pub.shape, p)),
            gradient_stds=np.reshape([one.gradient_stderr for one in answers], (*pub.shape, p)),
            shape=pub.shape,
        )
        return PubResult(data, metadata=about)

    def _detunings(self, program: Program) -> Seed:
        return None if program.execution.shots.size else child(self._root, EstimatorStream.LANDSCAPE)

    def _program(self, pub: EstimatorPub, observable: SparsePauliOp) -> Program:
        """The compiled query, with as many shots as the PUB asks for."""
        measuring = self._measuring
        if pub.precision is not None:
            shots = _shots(observable, measuring.grouping, float(pub.precision))
            conditions = measuring.conditions._replace(shots=shots)
            gradient_method(measuring.gradient, shots)
            measuring = measuring._replace(conditions=conditions)
        circuit: QuantumCircuit = pub.circuit

        def make() -> Program:
            query = Expectation(circuit, observable) if self.device.noisy else without_resets(circuit, observable)
            return compile_query(query, tuple(circuit.parameters), self.device, self._member, measuring)

        return self._programs.get(circuit, (observable, measuring.conditions.shots), make)

    def _about(self, pub: EstimatorPub) -> dict[str, Any]:
        return {
            "target_precision": pub.precision,
            "circuit_metadata": pub.circuit.metadata,
            "shots": 0,
            "qpu_seconds": None,
        }

    def _add(self, about: dict[str, Any], program: Program, evaluations: int) -> None:
        """Add the cost of these evaluations, without calibrations."""
        resources = program.resources
        about |= {"physics": resources.physics, "simulator": resources.simulator, "caveat": resources.caveat}
        about["shots"] += evaluations * int(program.execution.shots.sum())
        if resources.qpu_seconds is not None:
            about["qpu_seconds"] = (about["qpu_seconds"] or 0.0) + evaluations * resources.qpu_seconds


def _entries(pub: EstimatorPub) -> list[_Entry]:
    """A PUB's array by observable, each with its points (k, p) in the array's order."""
    parameters = pub.parameter_values
    points = parameters.as_array(pub.circuit.parameters).reshape(parameters.size, pub.circuit.num_parameters)
    indices = np.arange(parameters.size).reshape(parameters.shape)
    index, observables = cast(Any, np.broadcast_arrays(indices, pub.observables))
    places: dict[tuple[tuple[str, complex], ...], list[int]] = {}
    for place, observable in enumerate(observables.flat):
        places.setdefault(tuple(observable.items()), []).append(place)
    return [
        _Entry(_operator(terms, pub.circuit.num_qubits), where, points[index.flat[where]]) for terms, where in places.items()
    ]


def _operator(terms: tuple[tuple[str, complex], ...], n_qubits: int) -> SparsePauliOp:
    """The observable in Pauli strings; projectors (`0`, `+`, ...) are written out."""
    return SparsePauliOp.from_sparse_observable(SparseObservable.from_list(list(terms), num_qubits=n_qubits))


def _shots(observable: SparsePauliOp, grouping: str, precision: float) -> int:
    """How many shots, shared evenly by G groups, bound the standard error: G sum_g L_g^2 / precision^2.

    One shot of group g lies within +-L_g, L_g = sum|c|, so its variance is at most L_g^2. For a single Pauli string that is
    1/precision^2. At least two shots per group, for their spread to show.
    """
    if precision < 0 or not np.isfinite(precision):
        raise UsageError(f"precision takes a standard error of 0 or more, not {precision:g}.")
    if precision == 0:
        return 0
    _, groups = group_terms(observable, grouping)
    bounds = [group.extremes(None)[1] for group in groups]
    return max(2 * len(groups), ceil(len(groups) * sum(bound**2 for bound in bounds) / precision**2 - 1e-9), 1)


def _measured(
    program: Program, points: Points, root: np.random.SeedSequence, detunings: Seed, precision: float | None
) -> tuple[Estimates, int]:
    """Values at the points, and how many answers they are the mean of: as many as the precision needs."""
    answers: list[Estimates] = []
    mean, needed = None, 1
    while mean is None or len(answers) < needed:
        new = range(len(answers), needed)
        answers += [program.values(points, seed=child(root, i), detuning_seed=detunings) for i in new]
        values = np.mean([answer.values for answer in answers], axis=0)
        mean = Estimates(values, np.sqrt(np.sum([answer.stderr**2 for answer in answers], axis=0)) / len(answers))
        if precision:
            needed = ceil(len(answers) * float(mean.stderr.max(initial=0.0)) ** 2 / precision**2 - 1e-9)
    return mean, len(answers)
