"""The apparatus of the self-test: circuits on chosen qubits of the stand-in, and counts of their outcomes."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.base.randomness import CountStream, child
from hybrid.base.types import Backend
from hybrid.characterization.result import ExperimentResult
from hybrid.compilation.transpile import IsaCircuit
from hybrid.device.device import Device
from hybrid.device.published import chains_of_three
from hybrid.measure.estimate import error_of_means, group_estimate, variance
from hybrid.measure.execution import Conditions, Execution
from hybrid.measure.observables import AllZeros
from hybrid.measure.set_up import set_up

MOST_QUBITS = 10
"""Of a larger device, the first ten qubits are tested, and at most nine pairs and eight chains of three neighbours."""
NO_ANGLES = np.zeros((1, 0))
INITIALISED = frozenset({"initialisation"})
"""Parts of the noise left out of a run that starts exactly in all zeros."""


class Fraction(NamedTuple):
    """A measured probability and its standard error, in which shots of one realization are not independent."""

    value: float
    stderr: float


class Apparatus(NamedTuple):
    """Device and backend of the experiments; `shots` per circuit."""

    device: Device
    backend: Backend
    shots: int
    threads: int

    @property
    def simulator(self) -> str:
        """Name of the simulator, as it describes itself for one qubit."""
        return self.execution(QuantumCircuit(1), (0,), self.conditions(1)).resources.simulator

    @property
    def qubits(self) -> list[int]:
        """The qubits under test."""
        return list(range(min(self.device.n_qubits or 0, MOST_QUBITS)))

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Neighbours under test: (q, q + 1) where every pair is coupled, else the first couplings."""
        edges = self.device.edges or [(q, q + 1) for q in self.qubits[:-1]]
        return [(i, j) for i, j in edges][: MOST_QUBITS - 1]

    @property
    def triples(self) -> list[tuple[int, int, int]]:
        """Chains of three: a pair and the lowest higher neighbour of its second qubit."""
        return chains_of_three(self.pairs)

    def conditions(self, realizations: int, shots: int | None = None) -> Conditions:
        """Conditions of one circuit; realizations only where detunings are drawn."""
        drawn = realizations if self.device.dephasing == "quasistatic" else None
        return Conditions(self.shots if shots is None else shots, drawn, self.threads)

    def execution(self, circuit: QuantumCircuit, qubits: tuple[int, ...], conditions: Conditions) -> Execution:
        """The native circuit on these qubits, compiled; nothing else of the device is simulated."""
        isa = IsaCircuit(circuit, qubits, tuple(range(len(qubits))))
        return set_up(isa, [circuit], self.device, self.backend, conditions)


Experiment = Callable[[Apparatus, np.random.SeedSequence], ExperimentResult]


def apparatus_for(device: Device, backend: str, shots: int, threads: int) -> Apparatus:
    """The apparatus of a device with noise; UsageError for an ideal one."""
    if not device.noisy:
        raise UsageError(f"device '{device.label}' is perfect: there is nothing to measure; give one with native gates.")
    return Apparatus(device, catalog.load(catalog.parse("backends", backend))(), shots, threads)


def results(
    experiments: Mapping[str, Experiment],
    apparatus: Apparatus,
    only: Sequence[str] | None,
    seed: int,
    progress: Callable[[str], None],
) -> list[ExperimentResult]:
    """Results of all experiments, or `only` some; each draws from its own child of the seed. UsageError for an unknown one."""
    for name in only or ():
        if name not in experiments:
            raise unknown("experiment", name, experiments)
    made = []
    for index, (name, experiment) in enumerate(experiments.items()):
        if not only or name in only:
            progress(name)
            made.append(experiment(apparatus, child(seed, index)))
    return made


def count(execution: Execution, outcome: int, seed: np.random.SeedSequence) -> Fraction:
    """The fraction of a compiled circuit's shots that read `outcome`."""
    ((counts,),), inflation = execution.counts(NO_ANGLES, child(seed, CountStream.SHOTS), child(seed, CountStream.DETUNINGS))
    shifted = counts._replace(outcomes=counts.outcomes ^ np.uint64(outcome))
    estimate = group_estimate(AllZeros("Z" * execution.resources.n_qubits), shifted, execution.realizations, None)
    return Fraction(estimate.mean, float(np.sqrt(variance([estimate], inflation))))


def over_detunings(means: Float[np.ndarray, " c"]) -> Fraction:
    """The mean of c independent means over detunings and its standard error, 0 for a single exact one."""
    return Fraction(float(np.mean(means)), float(error_of_means(means[None])[0]))
