"""What a rehearsal plays and what it leaves out, made beforehand from cost formulas: no clock is read.

Seconds are processor time on one core. A rehearsal takes them one after the other, and times by formulas hold within a factor
of three at worst, so that the whole time may be given away where two cores share the work of others.
"""

from collections.abc import Iterable
from typing import NamedTuple, final

from hybrid.rehearsal.evidence import Case
from hybrid.rehearsal.mitigation import candidates
from hybrid.rehearsal.rehearsal import NOISELESS, RAW, Skipped
from hybrid.runs.dry_run import DryRun

AT_X, METHODS, VARIANTS, CHANGE, FLIPS = "raw at one x", "mitigation", "variants", "smallest change", "flips"
ROUNDS = (RAW, AT_X, METHODS, VARIANTS, CHANGE, FLIPS)
"""Steps of a device by importance: each is planned for every device before the next one."""
RUN_S, GATE_S = 0.15, 0.02
"""A run at one x: loading and compiling, and for each two-qubit gate of its circuits (measured at 1 to 105 of them)."""
VALUES = 4.0
"""A run at one x computes the value so many times: with shots, and the parts of its distance from the exact value."""
LONGER = 3.0
"""So many times a plain run is one with mitigation, on average over the methods."""
FINISH_S = {True: 4.0, False: 30.0}
"""What other devices give and the check by Aer take so much at most, up to `FEW_QUBITS` qubits and beyond."""
FEW_QUBITS = 6
CHANGES, SCALED = 8, 27
"""Runs at one x that looking for the smallest change may take, and those of the flips: three numbers, each bisected."""


class Step(NamedTuple):
    """One step on one device with its predicted seconds; None where no formula is known."""

    name: str
    device: str
    seconds: float | None


@final
class Schedule:
    """The steps that fit the time, the most important first; `skipped` are the others."""

    def __init__(self, max_time_s: float, noiseless: DryRun | None, cases: Iterable[Case]) -> None:
        self.seconds, self.skipped = 0.0, list[Skipped]()
        self._kept: set[tuple[str, str]] = set()
        self._left = max_time_s
        if noiseless is not None:
            self._take(Step(NOISELESS, "ideal", _loop_s(noiseless)))
        cases = [case for case in cases if case.dry_run is not None]
        for name in ROUNDS:
            for case in cases:
                self._take(Step(name, case.spec.device, _seconds(name, case)))

    def has(self, name: str, device: str) -> bool:
        """Whether the step is played."""
        return (name, device) in self._kept

    def _take(self, step: Step) -> None:
        name, device, seconds = step
        needs = {METHODS: AT_X, VARIANTS: AT_X, CHANGE: AT_X, FLIPS: AT_X}.get(name)
        if needs is not None and not self.has(needs, device):
            self.skipped.append(Skipped(name, device, seconds, f"it follows on '{needs}', which is left out"))
        elif seconds is None or seconds <= self._left:
            self._kept.add((name, device))
            self._left -= seconds or 0.0
            self.seconds += seconds or 0.0
        else:
            words = f"its predicted {seconds:.0f} s do not fit the {max(0.0, self._left):.0f} s that are left"
            self.skipped.append(Skipped(name, device, seconds, words))


def _loop_s(dry_run: DryRun) -> float | None:
    if dry_run.look is None or dry_run.look.seconds is None:
        return None
    return RUN_S + dry_run.look.seconds


def at_x_s(dry_run: DryRun) -> float | None:
    """Seconds of one run at one x."""
    look = dry_run.look
    if look is None or look.seconds is None:
        return None
    compiled = RUN_S + GATE_S * look.two_qubit_gates
    return compiled + VALUES * look.seconds / (look.evaluations + 1)


def _seconds(name: str, case: Case) -> float | None:
    assert case.dry_run is not None
    one, loop = at_x_s(case.dry_run), _loop_s(case.dry_run)
    if one is None or loop is None:
        return None
    finish = FINISH_S[case.n_qubits <= FEW_QUBITS]
    variants = sum(len(choices) - 1 for choices in case.device.variants.values())
    return {
        RAW: loop + finish,
        AT_X: 3 * one,
        METHODS: 2 * LONGER * one * len(candidates(case)),
        VARIANTS: variants * one,
        CHANGE: CHANGES * LONGER * one,
        FLIPS: SCALED * one,
    }[name]
