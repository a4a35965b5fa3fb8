"""A loss compiled to programs: its values and gradients with standard errors, the metric and overlaps of its state."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.base.randomness import Seed, child
from hybrid.base.types import (
    Backend,
    Estimates,
    Expectation,
    Gradient,
    Loss,
    Losses,
    LossGradient,
    Metric,
    Mitigation,
    Overlap,
    Overlaps,
    Pairs,
    Point,
    Points,
    Question,
    Scalars,
    Tensor,
    Values,
)
from hybrid.device.billing import Bill
from hybrid.device.device import Device
from hybrid.measure.calibration import Calibration
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.observables import ReadoutFit
from hybrid.measure.other_devices import seconds, values_on
from hybrid.measure.program import Program
from hybrid.measure.recomputed import TwoRunners, has_second, recomputed
from hybrid.measure.set_up import engine
from hybrid.runs.loop import Cost

Known = Mapping[tuple[int, ...], ReadoutFit]
"""What is known of the readout of a circuit's device qubits."""


@final
class Measurement:
    """The compiled programs of one loss, one per query; combines their answers by the chain rule."""

    def __init__(
        self,
        loss: Loss,
        parameters: Sequence[Parameter],
        device: Device,
        backend: Backend,
        measuring: Measuring,
        *,
        state: QuantumCircuit | None = None,
        asks: Collection[str] = (),
    ) -> None:
        """Compile every query; also the circuits of "metric" or "overlaps" of the ansatz's `state`, where an optimiser `asks`.

        UsageError as `hybrid.compile`, and where a metric or overlaps are asked but the loss measures other circuits too.
        """
        self._loss, self._parameters, self._state = loss, tuple(parameters), state
        self._device, self._backend, self._measuring = device, backend, measuring
        self._samples = np.zeros((1, 0)) if loss.samples is None else loss.samples
        every = (*parameters, *loss.features)
        self.programs: list[Program] = [compile_query(query, every, device, backend, measuring) for query in loss.queries]
        if "metric" in asks:
            self._of_state.noiseless()
        if "overlaps" in asks:
            _ = self._fidelity

    def values(self, points: Points, seed: np.random.SeedSequence, detuning_seed: Seed = None) -> Losses:
        """Losses (k,) at points (k, p); errors of the queries add in quadrature, weighted by d(loss)/d(query).

        All samples of a query are one batch.
        """
        k, m = len(points), len(self._samples)
        rows = np.concatenate([np.tile(points, (m, 1)), np.repeat(self._samples, k, axis=0)], axis=1)
        estimates = [
            program.values(rows, seed=child(seed, i), detuning_seed=detuning_seed) for i, program in enumerate(self.programs)
        ]
        values, stderr = (np.array(column).reshape(-1, k) for column in zip(*estimates, strict=True))
        errors = np.sqrt(np.sum((self._loss.slope(values) * stderr) ** 2, axis=0))
        return Losses(self._loss.combine(values), errors)

    def gradient(self, x: Point, seed: np.random.SeedSequence, detuning_seed: Seed = None) -> LossGradient:
        """Loss and gradient (p,) at x by the chain rule over the queries and samples."""
        answers = [
            answer
            for program, rows, each in self._at_samples(x, seed)
            for answer in (
                program.gradient_at_each(rows, seed=each, detuning_seed=detuning_seed)
                if len(rows) > 1
                else [program.gradient(rows[0], seed=each, detuning_seed=detuning_seed)]
            )
        ]
        values = np.array([[answer.loss] for answer in answers])
        slope = self._loss.slope(values)[:, 0]
        return LossGradient(
            float(self._loss.combine(values)[0]),
            slope @ np.array([answer.gradient[: len(x)] for answer in answers]),
            float(np.hypot.reduce(slope * [answer.loss_stderr for answer in answers])),
            np.sqrt(slope**2 @ np.array([answer.gradient_stderr[: len(x)] for answer in answers]) ** 2),
        )

    def _at_samples(self, x: Point, seed: np.random.SeedSequence) -> Iterator[tuple[Program, Points, np.random.SeedSequence]]:
        """Query by query: the program, its points at all samples, and a seed of its own."""
        rows = np.concatenate([np.tile(x, (len(self._samples), 1)), self._samples], axis=1)
        for i, program in enumerate(self.programs):
            yield program, rows, child(seed, i)

    def at_first_sample(self, x: Point) -> Float[np.ndarray, " all"]:
        """A point of the programs: x, and the features of the first sample."""
        return np.concatenate([x, self._samples[0]])

    def metric(self, x: Point) -> Tensor:
        """Quantum geometric tensor (p, p) of the ansatz's state at x, without noise; errors as for `asks`."""
        return self._of_state.metric(x)

    def overlaps(self, pairs: Pairs, seed: np.random.SeedSequence, detuning_seed: Seed = None) -> Estimates:
        """|<psi(a)|psi(b)>|^2 (k,) of pairs (k, 2, p), as the device measures them; errors as for `asks`."""
        return self._fidelity.values(pairs.reshape(len(pairs), -1), seed=child(seed, 0), detuning_seed=detuning_seed)

    def _checked_state(self) -> QuantumCircuit:
        """The ansatz's circuit; UsageError where the loss measures any other circuit."""
        state, circuits = self._state, [query.circuit for query in self._loss.queries]
        others = [circuit for circuit in circuits if not (circuit is state or circuit == state)]
        if state is None or others:
            raise UsageError(
                "the optimizer asks about the geometry of the ansatz's state, but this algorithm measures "
                f"{len(others)} circuit{'s' if len(others) > 1 else ''} beside the ansatz; take an optimizer that asks for "
                "values or gradients only, such as spsa or adam."
            )
        return state

    @cached_property
    def _of_state(self) -> Program:
        state = self._checked_state()
        for query, program in zip(self._loss.queries, self.programs, strict=True):
            if not isinstance(query, Overlap):
                return program
        raise UsageError(f"no expectation value is measured in the state of '{state.name}', so its metric is of no use.")

    @cached_property
    def _fidelity(self) -> Program:
        """The overlap of the state with itself at another point; a point of the program is a pair of points in one row."""
        state = self._checked_state()
        twins = {parameter: Parameter(f"{parameter.name}'") for parameter in self._parameters}
        other = state.assign_parameters({p: twins[p] for p in state.parameters})
        both = (*self._parameters, *twins.values())
        return compile_query(Overlap(state, other), both, self._device, self._backend, self._measuring)

    def on_devices(
        self, x: Point, devices: Sequence[Device], seed: np.random.SeedSequence, without: Set[str] = frozenset()
    ) -> Scalars:
        """The loss (d,) at x on each of the devices, for infinitely many shots; see `hybrid.measure.other_devices`."""
        values = [
            values_on(program, program.angle_map(rows), devices, each, without)
            for program, rows, each in self._at_samples(x, seed)
        ]
        return self._loss.combine(np.concatenate(values))

    def without_noise(self) -> "Measurement":
        """The loss on ideal hardware for infinitely many shots, by the exact engine: nothing is drawn."""
        return Measurement(self._loss, self._parameters, Device.load("ideal"), engine(), self._exact())

    def with_infinite_shots(self) -> "Measurement":
        """The loss on the same device with the same error mitigation for infinitely many shots, by the exact engine."""
        conditions = self._measuring.conditions._replace(shots=0, realizations=None, allocation="uniform")
        measuring = self._measuring._replace(conditions=conditions, gradient="auto")
        return Measurement(self._loss, self._parameters, self._device, engine(), measuring)

    def observed_without_noise(self, x: Point, observables: Sequence[SparsePauliOp]) -> list[float]:
        """<observable> of each at x in the state that the loss's first query prepares, without noise, by the exact engine."""
        queries = [Expectation(self._loss.queries[0].circuit, observable) for observable in observables]
        ideal, exact = Device.load("ideal"), self._exact()
        programs = [compile_query(query, self._parameters, ideal, engine(), exact) for query in queries]
        return [float(program.values(x[None]).values[0]) for program in programs]

    def _exact(self) -> Measuring:
        """Without shots and mitigation, in as many threads."""
        return Measuring(Conditions(threads=self._measuring.conditions.threads))

    @property
    def mitigation(self) -> Mitigation:
        """What error mitigation changes."""
        return self.programs[0].mitigation

    @property
    def calibrates(self) -> bool:
        """Whether error mitigation measures circuits of its own first."""
        return any(program.calibration_circuits for program in self.programs)

    def to_calibrate(self, known: Collection[tuple[int, ...]]) -> list[int]:
        """How many circuits each query's calibration measures, where the readout of some qubits is known."""
        seen, circuits = set(known), []
        for program in self.programs:
            own, physical = program.calibration_circuits, program.execution.recipe.isa.physical
            circuits.append(own - program.readout_circuits if physical in seen else own)
            seen.add(physical)
        return circuits

    def calibrations(self, seed: np.random.SeedSequence, known: Known) -> list[Calibration]:
        """What the calibration of each query finds; queries on the same qubits share the readout's."""
        found, readouts = [], dict(known)
        for i, program in enumerate(self.programs):
            physical = program.execution.recipe.isa.physical
            found.append(program.calibrated(child(seed, i), readouts.get(physical)))
            if found[-1].readout is not None:
                readouts[physical] = found[-1].readout
        return found

    def with_calibrations(self, calibrations: Sequence[Calibration]) -> "Measurement":
        """The same loss, all of whose values use these calibrations."""
        again = copy(self)
        again.programs = [replace(p, calibration=c) for p, c in zip(self.programs, calibrations, strict=True)]
        return again

    def calibration_cost(self, known: Collection[tuple[int, ...]]) -> Cost:
        """Of `calibrations`: no evaluation of the loss."""
        total, shots = Cost(), self._measuring.conditions.shots
        for program, circuits in zip(self.programs, self.to_calibrate(known), strict=True):
            cycle_s, bill = program.resources.qpu_seconds, None
            if self._device.billing is not None and program.execution.division is not None:
                bill = self._device.billing.bill([shots] * circuits, program.resources.duration_s)
            total = total.plus(Cost(0, 0, circuits * shots, None if cycle_s is None else circuits * cycle_s, bill))
        return total

    @property
    def circuits(self) -> int:
        """How many circuits one value sends to a machine: every instance of a twirled one counts."""
        executions = [program.execution for program in self.programs]
        sent = sum(len(each.by_instance(each.division.shots)) for each in executions if each.division is not None)
        return sent * len(self._samples)

    def seconds_per_device(self) -> float:
        """An upper estimate of the CPU time of `on_devices` for one device."""
        return sum(seconds(program, len(self._samples)) for program in self.programs)

    def recomputed(self) -> "tuple[Measurement, list[TwoRunners]]":
        """The same loss by the second simulator as far as it goes, and what compares the two."""
        again, both = copy(self), {i: recomputed(program) for i, program in enumerate(self.programs) if has_second(program)}
        again.programs = [both[i][0] if i in both else program for i, program in enumerate(self.programs)]
        return again, [comparison for _, comparison in both.values()]

    @property
    def has_second(self) -> bool:
        """Whether a second simulator computes anything again."""
        return any(map(has_second, self.programs))

    def cost(self, question: Question) -> Cost:
        """Cost of an answer: every shifted point, every overlap and a metric count as an evaluation each; a metric is computed
        and takes no shots."""
        match question:
            case Values():
                return self._cost([len(question.points)] * len(self.programs), 0)
            case Gradient():
                return self._cost([program.evaluations_per_gradient for program in self.programs], 1)
            case Overlaps():
                return self._cost([len(question.pairs)], 0, [self._fidelity])
            case Metric():
                return Cost(nfev=1)

    def _cost(self, evaluations: Sequence[int], njev: int, programs: Sequence[Program] = ()) -> Cost:
        """A query without a calibration is calibrated for every answer, each circuit with the shots of an evaluation."""
        total = Cost(max(evaluations), njev)
        for n, program in zip(evaluations, programs or self.programs, strict=True):
            extra = 0 if program.calibration is not None else program.calibration_circuits
            runs, cycle_s = n * len(self._samples) + extra, program.resources.qpu_seconds
            bill = self._bill(program, n * len(self._samples), extra)
            qpu_seconds = None if cycle_s is None else runs * cycle_s
            total = total.plus(Cost(0, 0, runs * self._measuring.conditions.shots, qpu_seconds, bill))
        return total

    def _bill(self, program: Program, evaluations: int, extra: int) -> Bill | None:
        """By the rule of the device's site: circuits of one evaluation may share jobs, and so may those of a calibration."""
        billing, division = self._device.billing, program.execution.division
        if billing is None or division is None:
            return None
        duration_s, shots = program.resources.duration_s, self._measuring.conditions.shots
        first, pilot = (program.execution.by_instance(part) for part in (division.shots, division.pilot))
        bill = billing.bill(first, duration_s).plus(billing.bill(pilot, duration_s)).times(evaluations)
        return bill.plus(billing.bill([shots] * extra, duration_s))
