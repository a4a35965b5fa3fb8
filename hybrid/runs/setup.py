"""From a Spec to what a session needs: members loaded, defaults chosen, the loss compiled."""

from collections.abc import Callable, Set
from dataclasses import replace
from typing import Any, NamedTuple, final

import numpy as np

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.randomness import RunStream, child
from hybrid.base.types import (
    Ansatz,
    Dataset,
    Loss,
    Optimization,
    Optimizer,
    Overlap,
    Point,
    Problem,
    Query,
    Solution,
)
from hybrid.device.device import Device
from hybrid.measure.choices import gradient_method
from hybrid.measure.compile import Measuring
from hybrid.measure.execution import Conditions
from hybrid.runs.loop import Budget, Cost
from hybrid.runs.loss import Measurement
from hybrid.runs.proposal import suited
from hybrid.runs.spec import DEFAULT_ITERATIONS, Spec
from hybrid.runs.width import check_width

LARGEST = 1e150
"""Coefficients are squared for standard errors, which must stay finite."""


class Prepared(NamedTuple):
    """A Spec with its members loaded: everything that can fail because of bad names, options and files has passed.

    `begun` has the resolved Spec of the record that is continued or replayed, with the defaults of then; empty for a new run.
    """

    spec: Spec
    device: Device
    problem: Problem | Dataset
    algorithm: Callable[..., Solution]
    begun: dict[str, Any] = {}
    calibrates_each_answer: bool = False
    """As version 0.1 did."""


def prepare(spec: Spec) -> Prepared:
    """Load device, problem and algorithm; UsageError for what does not fit together."""
    device = Device.load(spec.device, dephasing=spec.dephasing)
    backend = spec.member("backend")
    assert backend is not None
    own_cycle = backend.options.get("shot_cycle")
    if spec.max_qpu is not None and ((device.shot_cycle_s is None and own_cycle is None) or spec.shots == 0):
        hint = (
            " Say what a shot takes in seconds: --backend qiskit:object=...,shot_cycle=0.001."
            if "shot_cycle" in backend.options
            else ""
        )
        raise UsageError(
            f"--max-qpu needs --shots and a device with a shot cycle; 'ideal' and exact values take no machine time.{hint}"
        )
    algorithm, problem = spec.member("algorithm"), spec.member("problem")
    for field in _without(spec):
        if getattr(spec, field) is not None:
            flag = f"--{field.replace('_', '-')}"
            raise UsageError(f"algorithm '{spec.algorithm}' has no use for {flag} {getattr(spec, field)}; leave it out.")
    assert algorithm is not None and problem is not None
    loaded: Any = catalog.load(problem)()
    labelled = isinstance(loaded, Dataset)
    if labelled and algorithm.signature.constants.get("TAKES") != "Dataset":
        able = [n for n in catalog.names("algorithms") if catalog.locate("algorithms", n).constants.get("TAKES") == "Dataset"]
        raise UsageError(
            f"problem '{problem.signature.name}' is a set of labelled points, '{algorithm.signature.name}' takes a "
            f"Hamiltonian. Algorithms for labelled points: {', '.join(able) or 'none is installed'}."
        )
    if not labelled and algorithm.signature.constants.get("TAKES") == "Dataset":
        raise UsageError(
            f"algorithm '{algorithm.signature.name}' takes a set of labelled points, '{problem.signature.name}' is a "
            "Hamiltonian; take moons, circles or a .csv table, or another algorithm: hybrid list algorithms."
        )
    if not labelled and not (largest := np.abs(loaded.hamiltonian.coeffs).max(initial=0.0)) < LARGEST:
        raise UsageError(f"problem '{spec.problem}': a coefficient is {largest:g}; all must stay below {LARGEST:g}.")
    if not labelled:
        check_width(spec.problem, loaded)
    return Prepared(spec, device, loaded if labelled else suited(loaded, device), catalog.load(algorithm))


def as_begun(prepared: Prepared, start: dict[str, Any] | None) -> Prepared:
    """As the record with this start line was begun: with the defaults of then, for another version may choose otherwise.

    One that does not bill its --max-qpu counts shots x shot cycle to its end: so did version 0.1.0, and where a loop ends is in
    the digest.
    """
    if start is None:
        return prepared
    if "billing" not in start and prepared.spec.max_qpu is not None:
        prepared = prepared._replace(device=replace(prepared.device, billing=None))
    return prepared._replace(begun=start["resolved"], calibrates_each_answer="calibration" not in start)


def billed(device: Device, cost: Cost) -> dict[str, Any] | None:
    """The bill of a whole run as it is recorded, with its rule in words; None without shots or on a device without a rule."""
    return None if device.billing is None or cost.bill is None else device.billing.to_json(cost.bill)


@final
class Chosen:
    """Ansatz, optimiser, gradient and budget of a run: what the Spec names, or else the default.

    `reasons` says of a default, by field, why it was chosen, where that depends on the device.
    """

    def __init__(self, prepared: Prepared) -> None:
        spec = prepared.spec
        self._prepared = prepared
        self.ansatz_text = spec.ansatz
        self.reasons: dict[str, str] = {}
        self.optimizer_text = self._as_begun("optimizer") or spec.optimizer or self._default_optimizer()
        if "optimizer" in _without(spec):
            self.optimizer_text = None
        unlimited = spec.max_evals is None and spec.max_iterations is None and spec.max_qpu is None
        unlimited = unlimited and "max_iterations" not in _without(spec)
        max_qpu_s = None if spec.max_qpu is None else float(spec.max_qpu)
        self.budget = Budget(spec.max_evals, DEFAULT_ITERATIONS if unlimited else spec.max_iterations, max_qpu_s)
        backend = spec.member("backend")
        assert backend is not None
        self.backend = catalog.load(backend)()

    def _default_optimizer(self) -> str:
        """The algorithm's own, by whether values have noise or shots, or the one of all."""
        spec, own = self._prepared.spec, {}
        if (algorithm := spec.member("algorithm")) is not None:
            own = algorithm.signature.constants.get("OPTIMIZERS", {})
        if spec.shots:
            return own.get("shots", "spsa")
        return own.get("noise", "adam") if self._prepared.device.noisy else "adam"

    def ansatz(self, default: str, *, fixed: bool = False) -> Ansatz:
        """See `hybrid.base.types.Session`; UsageError when a fixed ansatz meets `--ansatz`."""
        spec = self._prepared.spec
        if fixed and spec.ansatz is not None:
            raise UsageError(f"'{spec.algorithm}' builds its own ansatz ({default}); leave --ansatz out, or use vqe.")
        begun, problem = None if fixed else self._as_begun("ansatz"), self._prepared.problem
        self.ansatz_text = begun or spec.ansatz or default
        if (
            isinstance(problem, Problem)
            and self.ansatz_text == problem.ansatz
            and spec.ansatz is None
            and problem.ansatz_reason
        ):
            self.reasons["ansatz"] = problem.ansatz_reason
        return self.load_ansatz(self.ansatz_text)

    def _as_begun(self, field: str) -> str | None:
        """The member as the record has it, options written out; None in a new run, and where a file of one's own was named."""
        named, then = getattr(self._prepared.spec, field), self._prepared.begun.get(field)
        if then is None or "#" in then or (named is not None and named.partition(":")[0] != then.partition(":")[0]):
            return None
        return then

    def load_ansatz(self, text: str) -> Ansatz:
        """The ansatz `name:key=value,...` for the run's problem; UsageError when it takes a Hamiltonian and there is none."""
        member = catalog.parse("ansatze", text)
        if isinstance(self._prepared.problem, Dataset) and member.signature.constants.get("TAKES") == "Hamiltonian":
            raise UsageError(
                f"ansatz '{member.signature.name}' is made from a Hamiltonian, and a set of labelled points has none; take "
                "efficient_su2, real_amplitudes or brick."
            )
        return catalog.load(member)(self._prepared.problem)

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
        """The loss on the run's device and backend, parts of its noise left out; what the algorithm's own optimiser asks for
        besides is compiled when it asks."""
        asks: tuple[str, ...] = ()
        if self.optimizer_text is not None:
            asks = catalog.parse("optimizers", self.optimizer_text).signature.constants.get("ASKS", ())
        return self._measurement(loss, list(ansatz.circuit.parameters), without, state=ansatz.circuit, asks=asks)

    def compile_query(self, query: Query) -> Measurement:
        """The query alone, its parameters in order of appearance."""
        circuits = (query.circuit, query.other) if isinstance(query, Overlap) else (query.circuit,)
        parameters = dict.fromkeys(parameter for circuit in circuits for parameter in circuit.parameters)
        return self._measurement(Loss((query,)), list(parameters), frozenset())

    def _measurement(self, loss: Loss, parameters: list[Any], without: Set[str], **geometry: Any) -> Measurement:
        spec = self._prepared.spec
        conditions = Conditions(spec.shots, spec.realizations, spec.threads, spec.dd, without, spec.allocation)
        measuring = Measuring(conditions, spec.grouping, spec.mitigate, spec.gradient)
        return Measurement(loss, parameters, self._prepared.device, self.backend, measuring, **geometry)

    def start(self, ansatz: Ansatz, stage: int = 0) -> Point:
        """The initial point (p,): of the first minimisation the Spec's, or drawn by the ansatz; UsageError: wrong length."""
        spec, p = self._prepared.spec, ansatz.circuit.num_parameters
        if spec.initial_point is None or stage:
            return ansatz.initial(_stream(spec, RunStream.INITIAL, stage))
        if len(spec.initial_point) != p:
            names = ", ".join(q.name for q in list(ansatz.circuit.parameters)[:4])
            raise UsageError(
                f"the initial point has {len(spec.initial_point)} numbers, ansatz '{self.ansatz_text}' has {p} "
                f"parameters ({names}{', ...' if p > 4 else ''}); --ansatz names the one that the point belongs to."
            )
        return np.array(spec.initial_point)

    def optimization(self, x: Point, stage: int = 0, optimizer: Optimizer | None = None) -> Optimization:
        """The optimiser's generator, the algorithm's own or the run's, started at x with its own stream of randomness."""
        if optimizer is None:
            assert self.optimizer_text is not None, "an algorithm that declares WITHOUT an optimizer brings its own"
            optimizer = catalog.load(catalog.parse("optimizers", self.optimizer_text))
        return optimizer(x, _stream(self._prepared.spec, RunStream.OPTIMIZER, stage))


class PreparedSession:
    """What all sessions share: the ansatz and the circuits of the run, and the algorithm's own random numbers."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._chosen = Chosen(prepared)
        self.rng = np.random.default_rng(child(prepared.spec.seed, RunStream.ALGORITHM))

    def ansatz(self, default: str, *, fixed: bool = False) -> Ansatz:
        """See `hybrid.base.types.Session`."""
        return self._chosen.ansatz(default, fixed=fixed)

    def circuit(self, name: str) -> Ansatz:
        """See `hybrid.base.types.Session`."""
        return self._chosen.load_ansatz(name)


def _stream(spec: Spec, stream: RunStream, stage: int) -> np.random.Generator:
    return np.random.default_rng(child(spec.seed, stream, stage) if stage else child(spec.seed, stream))


def _without(spec: Spec) -> tuple[str, ...]:
    """The fields that the algorithm says, in its constant WITHOUT, it has no use for."""
    algorithm = spec.member("algorithm")
    return () if algorithm is None else algorithm.signature.constants.get("WITHOUT", ())
