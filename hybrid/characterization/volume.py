"""Quantum volume (Cross et al., PRA 100, 032328 (2019)): random square circuits and the frequency of their heavy outputs.

Heavy are the outputs whose ideal probability is above the median. Width n passes when the mean over circuits of their
measured frequency, minus two of its standard errors, is above 2/3; log2 of the quantum volume is the largest n <= 4 that
passes. The transpiler chooses the qubits; initialisation and readout errors count. There is no nominal value.
"""

import numpy as np
from qiskit.circuit import library
from qiskit.quantum_info import Statevector

from hybrid.base.randomness import VolumeStream, child
from hybrid.characterization.apparatus import NO_ANGLES, Apparatus
from hybrid.characterization.result import ExperimentResult, Row
from hybrid.compilation.transpile import to_isa
from hybrid.device.readout import selected_bits
from hybrid.measure.set_up import set_up

WIDTHS = (2, 3, 4)
CIRCUITS = 30
REALIZATIONS = 10
THRESHOLD = 2 / 3


def quantum_volume(apparatus: Apparatus, seed: np.random.SeedSequence) -> ExperimentResult:
    """The heavy-output probability of every width and log2 of the quantum volume."""
    rows = [_width(apparatus, child(seed, n), n) for n in WIDTHS if n <= (apparatus.device.n_qubits or 0)]
    passed = [n for n, row in zip(WIDTHS, rows, strict=False) if row.value - 2 * (row.stderr or 0.0) > THRESHOLD]
    largest = max(passed, default=0)
    qubits = rows[largest - WIDTHS[0]].qubits if largest else ()
    return ExperimentResult((*rows, Row(experiment="quantum_volume", qubits=qubits, value=largest, stderr=None, unit="log2")))


def _width(apparatus: Apparatus, seed: np.random.SeedSequence, n: int) -> Row:
    frequencies, used = [], set()
    for k in range(CIRCUITS):
        model = library.quantum_volume(n, n, seed=int(child(seed, k, VolumeStream.CIRCUIT).generate_state(1)[0]))
        isa = to_isa(model.decompose(), apparatus.device)
        conditions = apparatus.conditions(REALIZATIONS)
        execution = set_up(isa, [isa.circuit], apparatus.device, apparatus.backend, conditions)
        ((counts,),), _ = execution.counts(
            NO_ANGLES, child(seed, k, VolumeStream.SHOTS), child(seed, k, VolumeStream.DETUNINGS)
        )
        outputs = selected_bits(counts.outcomes, isa.layout).astype(np.int64)
        ideal = Statevector(model).probabilities()
        heavy = ideal > np.median(ideal)
        frequencies.append(float(counts.counts @ heavy[outputs] / counts.counts.sum()))
        used |= set(isa.physical)
    error = np.std(frequencies, ddof=1) / np.sqrt(CIRCUITS)
    return Row(
        experiment="quantum_volume",
        qubits=tuple(sorted(used)),
        value=float(np.mean(frequencies)),
        stderr=float(error),
        detail=f"heavy outputs of {n} qubits",
    )
