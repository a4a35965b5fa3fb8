"""Assignment errors of one qubit alone, without and with a pi pulse, started exactly in |0>."""

from math import pi

import numpy as np
from qiskit import QuantumCircuit

from hybrid.base.randomness import NominalStream, child
from hybrid.characterization.apparatus import INITIALISED, NO_ANGLES, Apparatus, count, over_detunings
from hybrid.characterization.native import native
from hybrid.characterization.result import ExperimentResult, Row

REALIZATIONS = 64
REPEATS = 100
"""Factor on the shots of other circuits: rates below a thousandth need it to give some ten events."""
PREPARED = {"p01": 0.0, "p10": pi}
"""Error rate -> the rotation about X that prepares the state which is then read wrongly."""


def readout(apparatus: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """p01, to read 1 for 0, and p10, to read 0 for 1; the pi pulse's own error is part of the nominal p10."""
    rows = []
    for qubit in apparatus.qubits:
        for key, (name, angle) in enumerate(PREPARED.items()):
            rows.append(_row(apparatus, child(seed, qubit, key), name, qubit, angle))
    return ExperimentResult(tuple(rows))


def _row(apparatus: Apparatus, seed: np.random.SeedSequence, name: str, qubit: int, angle: float) -> Row:
    device = apparatus.device
    assert device.readout_p01 is not None and device.readout_p10 is not None
    textbook = QuantumCircuit(1)
    textbook.rx(angle, 0)
    circuit, conditions = native(textbook, device), apparatus.conditions(REALIZATIONS, REPEATS * apparatus.shots)
    measured = count(apparatus.execution(circuit, (qubit,), conditions._replace(without=INITIALISED)), int(angle == 0), seed)
    perfect = conditions._replace(shots=0, without=INITIALISED | {"readout"})
    of_one = apparatus.execution(circuit, (qubit,), perfect).distributions(NO_ANGLES, child(seed, NominalStream.DETUNINGS))[
        0, :, 0, 1
    ]
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
