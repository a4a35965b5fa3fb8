"""Assignment errors: all zeros and a pi pulse, one qubit alone, started in |0> for certain."""

from math import pi

import numpy as np
from qiskit import QuantumCircuit

from hybrid.base.randomness import NominalStream, child
from hybrid.characterization.apparatus import INITIALISED, NOTHING, Apparatus, count, over_detunings
from hybrid.characterization.native import native
from hybrid.characterization.result import ExperimentResult, Row

REALIZATIONS = 64
REPEATS = 100
"""Times the shots of other circuits: rates below a thousandth show in some ten events only then."""
PREPARED = {"p01": 0.0, "p10": pi}
"""What is read for what is not there, and the turn about X that prepares it."""


def readout(bench: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """p01, to read 1 for 0, and p10, to read 0 for 1; the pi pulse's own error is part of the nominal p10."""
    rows = []
    for qubit in bench.qubits:
        for key, (name, angle) in enumerate(PREPARED.items()):
            rows.append(_row(bench, child(seed, qubit, key), name, qubit, angle))
    return ExperimentResult(tuple(rows))


def _row(bench: Apparatus, seed: np.random.SeedSequence, name: str, qubit: int, angle: float) -> Row:
    device = bench.device
    assert device.readout_p01 is not None and device.readout_p10 is not None
    textbook = QuantumCircuit(1)
    textbook.rx(angle, 0)
    circuit, conditions = native(textbook, device), bench.conditions(REALIZATIONS, REPEATS * bench.shots)
    measured = count(bench.execution(circuit, (qubit,), conditions._replace(without=INITIALISED)), int(angle == 0), seed)
    perfect = conditions._replace(shots=0, without=INITIALISED | {"readout"})
    nominal_seed = child(seed, NominalStream.DETUNINGS)
    of_one = bench.execution(circuit, (qubit,), perfect).distributions(NOTHING, nominal_seed)[0, :, 0, 1]
    p01, p10 = device.readout_p01[qubit], device.readout_p10[qubit]
    reads_one = p01 + (1 - p01 - p10) * of_one
    nominal = reads_one if angle == 0 else 1 - reads_one
    mean, nominal_stderr = over_detunings(nominal)
    return Row(
        experiment="readout",
        qubits=(qubit,),
        value=measured.value,
        stderr=measured.stderr,
        nominal=mean,
        nominal_stderr=nominal_stderr,
        detail=name,
    )
