"""Sampler: Qiskit's `BaseSamplerV2` on any device and backend."""

import threading
from collections.abc import Iterable
from typing import Any, final

import numpy as np
from qiskit import QuantumCircuit
from qiskit.primitives import BaseSamplerV2, BitArray, DataBin, PrimitiveJob, PrimitiveResult, SamplerPubResult
from qiskit.primitives.containers.sampler_pub import SamplerPub, SamplerPubLike

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.base.randomness import CountStream, child
from hybrid.compilation.transpile import OPTIMIZATION_LEVEL
from hybrid.device.device import Device
from hybrid.measure.choices import DD, checked_level
from hybrid.measure.execution import Conditions
from hybrid.qiskit_api.measured import CompiledCircuit, Place, compile_measured
from hybrid.qiskit_api.shared import Remembered, root_of


@final
class Sampler(BaseSamplerV2):
    """Bit strings shot by shot, of every point of every PUB (Qiskit's primitive unified bloc).

    A circuit that Qiskit has transpiled runs on the qubits it names; any other is laid out here. The n-th call of `run` draws
    from the n-th child of `seed` (int, Generator, None: fresh entropy), PUB i and point j from its children, so that no two
    share randomness.
    """

    def __init__(
        self,
        *,
        device: str | Device = "ideal",
        backend: str = "aer",
        default_shots: int = 1024,
        seed: int | np.random.Generator | None = None,
        dephasing: str | None = None,
        realizations: int | None = None,
        dd: str = "none",
        threads: int = 1,
        optimization_level: int = OPTIMIZATION_LEVEL,
    ) -> None:
        """UsageError names what does not exist."""
        loaded = device if isinstance(device, Device) and dephasing is None else Device.load(str(device), dephasing=dephasing)
        if default_shots < 1:
            raise UsageError(f"default_shots must be at least 1, not {default_shots}.")
        if dd not in DD:
            raise unknown("dd", dd, DD)
        self.device = loaded
        self.default_shots = default_shots
        self._member = catalog.load(catalog.parse("backends", backend))()
        self._conditions = Conditions(default_shots, realizations, threads, dd)
        self._level = checked_level(optimization_level)
        self._compiled: Remembered[CompiledCircuit] = Remembered()
        self._root, self._calls, self._lock = root_of(seed), 0, threading.Lock()

    def run(self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None) -> PrimitiveJob:
        """A job with one `BitArray` per classical register of every PUB's circuit, of the PUB's shape."""
        coerced = [SamplerPub.coerce(pub, self.default_shots if shots is None else shots) for pub in pubs]
        root, self._calls = child(self._root, self._calls), self._calls + 1
        job = PrimitiveJob(self._run, coerced, root)
        job._submit()
        return job

    def _run(self, pubs: list[SamplerPub], root: np.random.SeedSequence) -> PrimitiveResult:
        with self._lock:
            return PrimitiveResult([self._pub(pub, child(root, i)) for i, pub in enumerate(pubs)], metadata={"version": 2})

    def _pub(self, pub: SamplerPub, root: np.random.SeedSequence) -> SamplerPubResult:
        circuit: QuantumCircuit = pub.circuit
        place = Place(self.device, self._member, self._conditions._replace(shots=int(pub.shots)), self._level)
        points = pub.parameter_values.as_array(circuit.parameters).reshape(pub.size, circuit.num_parameters)
        isa = circuit.layout is not None
        compiled = self._compiled.get(circuit, (pub.shots,), lambda: compile_measured(circuit, place, isa=isa))
        rng = np.random.default_rng(child(root, CountStream.ORDER))
        ordered = np.array([drawn.in_order(rng) for drawn in compiled.draw(points, root)])
        table = ordered.reshape(*pub.shape, int(pub.shots), circuit.num_clbits)
        arrays = {register.name: _register(table, circuit, register) for register in circuit.cregs}
        metadata = {
            "shots": pub.shots,
            "circuit_metadata": circuit.metadata,
            "physics": compiled.physics,
            "simulator": compiled.simulator,
            "qpu_seconds": None if compiled.qpu_seconds is None else compiled.qpu_seconds * len(points),
            "caveat": compiled.caveat,
        }
        return SamplerPubResult(DataBin(**arrays, shape=pub.shape), metadata=metadata)


def _register(table: np.ndarray, circuit: QuantumCircuit, register: Any) -> BitArray:
    """One register's bits of a table (..., shots, bits)."""
    places = [circuit.find_bit(bit).index for bit in register]
    return BitArray.from_bool_array(table[..., places], order="little")
