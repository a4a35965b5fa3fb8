"""Every random draw descends from one seed: children of a seed sequence, told apart by their spawn keys.

The tables below name every key that is not a plain count: one class per parent, one line per stream, saying what is drawn.
Counted children (answer n, query i, point i, setting s, circuit k, qubit q) are numbered from 0 and need no name; streams that
stand beside counted ones begin at 2^31. Records depend on these numbers, so none may change or be used again.
"""

from enum import IntEnum

import numpy as np

Seed = int | np.random.SeedSequence | None


def child(seed: int | np.random.SeedSequence, *key: int) -> np.random.SeedSequence:
    """The seed's descendant at `key`: its spawn key extended, so that different keys never share a stream."""
    parent = sequence(seed)
    return np.random.SeedSequence(parent.entropy, spawn_key=(*parent.spawn_key, *map(int, key)))


def sequence(seed: Seed) -> np.random.SeedSequence:
    """The seed as a sequence; None is fresh entropy."""
    return seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)


class RunStream(IntEnum):
    """Children of a run's seed, `Spec.seed`."""

    OPTIMIZER = 0  # what the optimiser draws; in minimisation m > 0 its child m
    INITIAL = 1  # the initial point; in minimisation m > 0 its child m
    ANSWER = 2  # child n: measurement of answer n; of that, child i: query i
    FINAL = 3  # child n: final measurement of a minimisation, which is answer n; of that, child i: query i
    ALGORITHM = 4  # what the algorithm itself draws: `Session.rng`
    AUDIT = 5  # child s: parent of RunStream for repetition s of a cross-check by another backend
    LANDSCAPE = 6  # detunings of all answers without shots
    DEVICES = 8  # other devices within the profile's ranges; children: DevicesStream; 7 was used by an earlier version
    EXPLAIN = 2**31  # error budget; children: ExplainStream
    EXPORT = 2**31 + 1  # child i: detunings of the circuits of query i
    LEDGER = 2**31 + 2  # ledger of error mitigation, of a circuit too; children: LedgerStream
    ON_MACHINE = 2**31 + 3  # child i: circuit i of an evidence package, run on another machine
    EVIDENCE = 2**31 + 4  # judging backends by a run's circuits; child i: query i, its angles, and EvidenceStream


class EvidenceStream(IntEnum):
    """Children of a query's seed when backends are judged; child r is row r of the angles, of that, child s: circuit s."""

    DETUNINGS = 2**31  # of all rows


class DevicesStream(IntEnum):
    """Children of `RunStream.DEVICES`."""

    NUMBERS = 0  # the numbers of the other devices
    DETUNINGS = 1  # child i: detunings of query i, common to all devices


class ExplainStream(IntEnum):
    """Children of `RunStream.EXPLAIN`."""

    QUERY = 0  # child i: query i
    DETUNINGS = 1  # detunings of all queries


class LedgerStream(IntEnum):
    """Children of `RunStream.LEDGER`, the same for every method; of the first three, child i: query i."""

    CALIBRATION = 0
    VALUES = 1  # as measured
    LIMIT = 2  # of infinitely many shots
    DETUNINGS = 3  # of all queries of the limit


class ProgramStream(IntEnum):
    """Children of a query's seed; its points are the children 0, 1, ..., and of them setting s is child s: SettingStream."""

    DETUNINGS = 2**31  # of all points without shots, or child i: of point i
    CALIBRATION = 2**31 + 1  # assignment errors as measured; children: CountStream
    DIRECTION = 2**31 + 2  # the direction of an SPSA gradient
    TRAINING = 2**31 + 3  # circuits of known value for Clifford data regression; children: TrainingStream


class TrainingStream(IntEnum):
    """Children of `ProgramStream.TRAINING`."""

    POINTS = 0  # which circuits
    MEASUREMENT = 1  # their values; children as those of a query's seed


class SettingStream(IntEnum):
    """Children of a measured circuit's seed."""

    SHOTS = 0  # outcomes
    FLIPS = 1  # assignment errors of these outcomes
    PILOT_SHOTS = 2  # outcomes of the pilot that divides the shots
    PILOT_FLIPS = 3  # assignment errors of the pilot


class DetuningStream(IntEnum):
    """Children of the seed of one point's detunings, or of all points'; the seed itself draws the detunings."""

    FRAMES = 2**31  # random Paulis of a twirled circuit; counted children are those of scrambled Sobol sets


class CountStream(IntEnum):
    """Children of the seed of one counting, of a primitive's PUB, or of a circuit of a Qiskit backend."""

    SHOTS = 0  # child i: point i; of that, child s: setting s
    DETUNINGS = 1  # child i: detunings of point i
    ORDER = 2  # order of the shots within a realization (Qiskit's memory and bit arrays)


class SampleStream(IntEnum):
    """Children of the seed of `hybrid.sample`."""

    SHOTS = 0
    RESAMPLE = 2  # counts drawn again for standard errors; 1 was used by an earlier version
    DETUNINGS = 3
    CALIBRATION = 4  # assignment errors as measured; children: CountStream


class EstimatorStream(IntEnum):
    """Children of the Estimator's seed; its calls are the children 0, 1, ..., then PUB, observable and point."""

    LANDSCAPE = 2**31  # detunings of all calls without shots


class NominalStream(IntEnum):
    """Children of a seed of the self-test, beside those of CountStream."""

    DETUNINGS = 2  # of the value that is expected


class RandomCircuitStream(IntEnum):
    """Children of the seeds of the self-test's mirror circuits and of its randomized benchmarking."""

    CIRCUIT = 0  # which circuit
    COUNTS = 1  # its measurement; children: CountStream


class EntanglementStream(IntEnum):
    """Children of the seed of one place in the self-test of entangled states."""

    COUNTS = 0  # children: CountStream
    DETUNINGS = 1  # of the value that is expected


class VolumeStream(IntEnum):
    """Children of the seed of one circuit of the self-test's quantum volume."""

    CIRCUIT = 0  # which circuit
    SHOTS = 1
    DETUNINGS = 2


class DatasetStream(IntEnum):
    """Children of the seed of a set of labelled points; the seed itself draws the split into training and test."""

    POINTS = 0  # coordinates


class TrackRecordStream(IntEnum):
    """Children of the seed of one published experiment that is predicted."""

    MACHINES = 0  # the machines that the published numbers may stand for
    DETUNINGS = 1  # common to all of them
    PLACES = 2  # on each machine, those among which a circuit's qubits are chosen
