"""From a Spec to what a session needs: members loaded, defaults chosen, the loss compiled."""

from collections.abc import Callable, Set
from typing import Any, NamedTuple, final

import numpy as np

from hybrid import catalog
from hybrid.compilation import Measuring
from hybrid.device import Device
from hybrid.errors import UsageError
from hybrid.execution import Conditions
from hybrid.loop import Budget
from hybrid.measure import Measurement
from hybrid.spec import DEFAULT_ITERATIONS, Spec, gradient_method
from hybrid.types import Ansatz, Loss, Point, Problem, Solution

OPTIMIZER, INITIAL, ANSWER, FINAL, ALGORITHM, AUDIT, LANDSCAPE, DEVICE = range(8)
"""Purposes: the first element of every spawn key, so that no two kinds of draws share a stream."""


class Prepared(NamedTuple):
    """A Spec with its members loaded: everything that can fail because of bad names, options and files has passed."""

    spec: Spec
    device: Device
    problem: Problem
    algorithm: Callable[..., Solution]


def prepare(spec: Spec) -> Prepared:
    """Load device, problem and algorithm; UsageError for what does not fit together."""
    device = Device.load(spec.device, dephasing=spec.dephasing)
    if spec.max_qpu is not None and (device.shot_cycle_s is None or spec.shots == 0):
        raise UsageError(
            "--max-qpu needs --shots and a device with a shot cycle; 'ideal' and exact values take no machine time."
        )
    algorithm, problem = spec.member("algorithm"), spec.member("problem")
    assert algorithm is not None and problem is not None
    return Prepared(spec, device, catalog.load(problem)(), catalog.load(algorithm))


@final
class Chosen:
    """Ansatz, optimiser and gradient of a run: what the Spec names, or the default it leaves open."""

    def __init__(self, prepared: Prepared) -> None:
        spec = prepared.spec
        self._prepared = prepared
        self.ansatz_text = spec.ansatz or ""
        self.optimizer_text = spec.optimizer or ("spsa" if spec.shots else "adam")
        unlimited = spec.max_evals is None and spec.max_iterations is None and spec.max_qpu is None
        max_qpu_s = None if spec.max_qpu is None else float(spec.max_qpu)
        self.budget = Budget(spec.max_evals, DEFAULT_ITERATIONS if unlimited else spec.max_iterations, max_qpu_s)
        backend = spec.member("backend")
        assert backend is not None
        self.backend = catalog.load(backend)()

    def ansatz(self, default: str, *, fixed: bool = False) -> Ansatz:
        """See `hybrid.types.Session`; UsageError when a fixed ansatz meets `--ansatz`."""
        spec = self._prepared.spec
        if fixed and spec.ansatz is not None:
            raise UsageError(f"'{spec.algorithm}' builds its own ansatz ({default}); leave --ansatz out, or use vqe.")
        self.ansatz_text = spec.ansatz or default
        return catalog.load(catalog.parse("ansatze", self.ansatz_text))(self._prepared.problem)

    def resolved(self) -> dict[str, Any]:
        """The Spec with every default filled in."""
        spec = self._prepared.spec
        return spec.resolved(
            ansatz=self.ansatz_text,
            optimizer=self.optimizer_text,
            gradient=gradient_method(spec.gradient, spec.shots),
            dephasing=self._prepared.device.dephasing or None,
            max_iterations=self.budget.max_iterations,
        )

    def compile(self, loss: Loss, ansatz: Ansatz, *, without: Set[str] = frozenset()) -> Measurement:
        """The loss on the run's device and backend, parts of its noise left out."""
        spec, parameters = self._prepared.spec, list(ansatz.circuit.parameters)
        conditions = Conditions(spec.shots, spec.realizations, spec.threads, spec.dd, without, spec.allocation)
        measuring = Measuring(conditions, spec.grouping, spec.mitigate, spec.gradient)
        asks = catalog.parse("optimizers", self.optimizer_text).signature.constants.get("ASKS", ())
        return Measurement(loss, parameters, self._prepared.device, self.backend, measuring, state=ansatz.circuit, asks=asks)

    def start(self, ansatz: Ansatz) -> Point:
        """The initial point (p,): the Spec's, or drawn by the ansatz; UsageError for a wrong length."""
        spec, p = self._prepared.spec, ansatz.circuit.num_parameters
        if spec.initial_point is None:
            return ansatz.initial(np.random.default_rng(np.random.SeedSequence(spec.seed, spawn_key=(INITIAL,))))
        if len(spec.initial_point) != p:
            names = ", ".join(q.name for q in list(ansatz.circuit.parameters)[:4])
            raise UsageError(
                f"the initial point has {len(spec.initial_point)} numbers, ansatz '{self.ansatz_text}' has {p} "
                f"parameters ({names}{', ...' if p > 4 else ''})."
            )
        return np.array(spec.initial_point)

    def optimization(self, x: Point) -> Any:
        """The optimiser's generator, started at x with its own stream of randomness."""
        optimizer = catalog.load(catalog.parse("optimizers", self.optimizer_text))
        return optimizer(x, np.random.default_rng(np.random.SeedSequence(self._prepared.spec.seed, spawn_key=(OPTIMIZER,))))
