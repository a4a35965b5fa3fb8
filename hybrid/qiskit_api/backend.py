"""A device, computed by a simulator, as a Qiskit `BackendV2`."""

import time
import uuid
import warnings
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime
from typing import Any, final

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ForLoopOp, IfElseOp, Measure, SwitchCaseOp, WhileLoopOp
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.providers import BackendV2, JobStatus, JobV1, Options
from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.base.machine import versions
from hybrid.base.randomness import CountStream, child
from hybrid.compilation.resources import whose_physics
from hybrid.compilation.transpile import native_target
from hybrid.device.device import Device
from hybrid.measure.choices import DD
from hybrid.measure.execution import Conditions
from hybrid.qiskit_api.measured import MOST_BITS, ClassicalShots, CompiledCircuit, Place, compile_measured
from hybrid.qiskit_api.shared import root_of
from hybrid.qiskit_api.template import Template, template

DEFAULTS: dict[str, Any] = {
    "shots": 1024,
    "memory": False,
    "seed_simulator": None,
    "simulator": None,
    "realizations": None,
    "dd": "none",
    "threads": 1,
    "meas_level": 2,
    "meas_return": "single",
    "init_qubits": True,
    "rep_delay": None,
}
"""Options of a backend and of every call of its `run`. The last four are of other backends and change nothing: outcomes are
bits, and every shot starts from |0>."""
ENGINE_QUBITS = 12
"""On noisy devices up to this size the exact engine answers by default: its two states take up to 256 MiB."""
CONTROL_FLOW = {"if_else": IfElseOp, "for_loop": ForLoopOp, "while_loop": WhileLoopOp, "switch_case": SwitchCaseOp}
LEAST = {"shots": 1, "realizations": 2, "threads": 1, "seed_simulator": 0}


@final
class FinishedJob(JobV1):
    """A finished job: its result is computed before `run` returns, in this process."""

    _async = False

    def __init__(self, backend: BackendV2, result: Result) -> None:
        super().__init__(backend, result.job_id)
        self._result = result

    def submit(self) -> None:
        """Nothing is left to do."""

    def result(self, timeout: float | None = None) -> Result:
        """The result; there is nothing to wait for."""
        return self._result

    def status(self) -> JobStatus:
        """Always done."""
        return JobStatus.DONE

    def cancel(self) -> bool:
        """False: it is too late."""
        return False


@final
class DeviceBackend(BackendV2):
    """`Device.load(...).backend()`: runs circuits on the device's physics, quasi-static dephasing included.

    On a device with native gates a circuit's qubit i is the device's qubit i and every gate must be native
    (`transpile(circuit, backend)`); on `ideal` any circuit runs. Options: `shots`, `memory`, `seed_simulator` (int,
    Generator, None: fresh entropy), `simulator` (a backend of `hybrid list backends`; None: the exact engine, on devices of
    more than 12 qubits where it can, else Aer; on `ideal` Aer), `realizations`, `dd`, `threads`; `meas_level` (2),
    `meas_return`, `init_qubits` and `rep_delay` are taken from programs written for other backends. `run` warns once of any
    other option, which has no effect.
    """

    def __init__(self, device: Device, *, max_circuits: int | None = None, **options: Any) -> None:
        """UsageError names an option that does not exist, or a value that is not allowed."""
        super().__init__(name=device.label, description=device.title, backend_version=versions()["hybrid-sandbox"])
        if max_circuits is not None and max_circuits < 1:
            raise UsageError(f"max_circuits must be at least 1, not {max_circuits}.")
        self.device = device
        self._max_circuits = max_circuits
        self._target = backend_target(device)
        self._warned: set[str] = set()
        self.set_options(**_checked(options))

    @property
    def target(self) -> Target:
        """Native gates, coupling, durations in seconds, errors."""
        return self._target

    @property
    def max_circuits(self) -> int | None:
        """The most circuits of one job; None where there is no limit."""
        return self._max_circuits

    @classmethod
    def _default_options(cls) -> Options:
        return Options(**DEFAULTS)

    def run(self, run_input: QuantumCircuit | Sequence[QuantumCircuit], **options: Any) -> FinishedJob:
        """Run circuits; circuit i draws from the i-th child of the seed. Computed before it returns.

        The result has counts and, with `memory=True`, the shots in order. UsageError as `hybrid.sample`, and for a gate that is
        not native (named).
        """
        begun = time.monotonic()
        circuits: list[Any] = [run_input] if isinstance(run_input, QuantumCircuit) else list(run_input)
        if self._max_circuits is not None and len(circuits) > self._max_circuits:
            raise UsageError(f"{len(circuits)} circuits are too many for one job; max_circuits is {self._max_circuits}.")
        for circuit in circuits:
            if circuit.num_parameters:
                names = ", ".join(parameter.name for parameter in circuit.parameters)
                raise UsageError(f"circuit '{circuit.name}' has free parameters: {names}; assign_parameters gives them values.")
        chosen = {key: getattr(self.options, key) for key in DEFAULTS} | _checked(self._known(options))
        conditions = Conditions(chosen["shots"], chosen["realizations"], chosen["threads"], chosen["dd"])
        small = (self.device.n_qubits or 0) <= ENGINE_QUBITS
        usual = "aer" if not self.device.noisy else "exact" if small else "auto"
        member = catalog.load(catalog.parse("backends", chosen["simulator"] or usual))()
        place = Place(self.device, member, conditions)
        root = root_of(chosen["seed_simulator"])
        compiled: dict[Hashable, CompiledCircuit] = {}
        experiments = []
        for i, circuit in enumerate(circuits):
            of = template(circuit) if self.device.noisy else Template(i, np.zeros((1, 0)), circuit)
            if of.key not in compiled:
                compiled[of.key] = compile_measured(of.parametrised(), place, isa=True)
            drawn = compiled[of.key].draw(of.angles, child(root, i))
            order = np.random.default_rng(child(root, i, CountStream.ORDER)) if chosen["memory"] else None
            experiments.append(_experiment(circuit, compiled[of.key], drawn[0], order))
        result = Result(
            backend_name=self.name,
            backend_version=self.backend_version,
            job_id=str(uuid.uuid4()),
            success=True,
            results=experiments,
            date=datetime.now(UTC),
            status="COMPLETED",
            time_taken=time.monotonic() - begun,
            metadata=dict(zip(("physics", "caveat"), whose_physics(self.device, member), strict=True)),
        )
        return FinishedJob(self, result)

    def _known(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options that mean something here; of each other one a warning, once."""
        for key in sorted(options.keys() - DEFAULTS.keys() - self._warned):
            self._warned.add(key)
            warnings.warn(f"{unknown('option of a backend', key, DEFAULTS)} It has no effect.", stacklevel=3)
        return {key: value for key, value in options.items() if key in DEFAULTS}


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    """The options; UsageError names the one that does not exist or has a value that is not allowed."""
    for key, value in options.items():
        if key not in DEFAULTS:
            raise unknown("option of a backend", key, DEFAULTS)
        if key == "seed_simulator" and isinstance(value, np.random.Generator):
            continue
        if key in LEAST and not (value is None and DEFAULTS[key] is None) and not _whole(value, LEAST[key]):
            raise UsageError(f"{key} takes a whole number of at least {LEAST[key]}, not {value!r}.")
    if "meas_level" in options and options["meas_level"] != 2:
        raise UsageError(
            f"meas_level takes 2 (bits), not {options['meas_level']}: raw and integrated signals (0, 1) are not simulated."
        )
    if not options.get("init_qubits", True):
        raise UsageError("init_qubits takes True: every shot starts from |0>.")
    if "dd" in options and options["dd"] not in DD:
        raise unknown("dd", str(options["dd"]), DD)
    if options.get("simulator") is not None:
        catalog.parse("backends", str(options["simulator"]))
    return options


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least


def _experiment(
    circuit: QuantumCircuit,
    compiled: CompiledCircuit,
    drawn: ClassicalShots,
    order: np.random.Generator | None,
) -> ExperimentResult:
    """The part of a result that belongs to one circuit; with `order` its shots one by one."""
    data: dict[str, Any] = {"counts": {hex(value): count for value, count in drawn.by_value().items()}}
    if order is not None:
        powers = 1 << np.arange(circuit.num_clbits, dtype=object)
        ordered = drawn.in_order(order)
        data["memory"] = [hex(value) for value in ordered.astype(object) @ powers]
    header = {
        "name": circuit.name,
        "creg_sizes": [[register.name, register.size] for register in circuit.cregs],
        "memory_slots": circuit.num_clbits,
        "n_qubits": circuit.num_qubits,
        "metadata": circuit.metadata,
    }
    about = {"simulator": compiled.simulator, "qpu_seconds": compiled.qpu_seconds}
    return ExperimentResult(
        shots=int(drawn.counts.sum()),
        success=True,
        data=ExperimentResultData(**data),
        status="DONE",
        header=header,
        metadata=about,
    )


def backend_target(device: Device) -> Target:
    """Native gates, delays and measurement with durations (s) and average infidelities; T1 and T2 (echo) per qubit.

    A measurement's error is the mean of its two assignment errors. An ideal device takes Qiskit's standard gates on any qubits,
    and measurement and branching in mid-circuit.
    """
    if not device.noisy:
        return _any_gate(device)
    assert device.t1_s is not None and device.t2_echo_s is not None
    assert device.readout_p01 is not None and device.readout_p10 is not None
    target = native_target(device)
    target.qubit_properties = [QubitProperties(*times) for times in zip(device.t1_s, device.t2_echo_s, strict=True)]
    errors = [(p01 + p10) / 2 for p01, p10 in zip(device.readout_p01, device.readout_p10, strict=True)]
    properties = {(q,): InstructionProperties(duration=device.readout_s, error=error) for q, error in enumerate(errors)}
    target.add_instruction(Measure(), properties)
    return target


def _any_gate(device: Device) -> Target:
    target = Target(description=device.title, num_qubits=MOST_BITS)
    for name, instruction in get_standard_gate_name_mapping().items():
        target.add_instruction(instruction, name=name)
    for name, operation in CONTROL_FLOW.items():
        target.add_instruction(operation, name=name)
    return target
