"""What a rehearsal plays and what it leaves out, planned from cost formulas: no clock is read.

Seconds are processor time on one core. The formulas hold within a factor of three at worst; a rehearsal uses one core, and the
time that it may take is meant for a machine with two.
"""

from collections.abc import Iterable
from typing import NamedTuple, final

from hybrid.measure.device_interval import DEVICES
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
LONGER = 1.5
"""So many times a plain run is one with mitigation, on average over the methods (measured: 1.1 to 3)."""
DEVICES_S, MOST_DEVICES_S, AER_S = 0.06, 18.0, 12.0
"""What other devices give: for each of them besides its value, and at most; and the check by Aer of a realization that takes
longest."""
CHANGES, SCALED = 8, 48
"""Runs at one x that looking for the smallest change may take, and those of the flips: three numbers, each bisected, two runs
at every step."""


class PlannedStep(NamedTuple):
    """One step on one device with its predicted seconds; None where no formula is known."""

    name: str
    device: str
    seconds: float | None


@final
class Agenda:
    """The steps that fit the time, the most important first; `skipped` are the others."""

    def __init__(self, max_time_s: float, noiseless: DryRun | None, cases: Iterable[Case]) -> None:
        self.seconds, self.skipped = 0.0, list[Skipped]()
        self._kept: set[tuple[str, str]] = set()
        self._left = max_time_s
        if noiseless is not None:
            self.take(PlannedStep(NOISELESS, "ideal", loop_s(noiseless)))
        cases = [case for case in cases if case.dry_run is not None]
        for name in ROUNDS:
            for case in cases:
                self._plan(name, case)

    def has(self, name: str, device: str) -> bool:
        """Whether the step is played."""
        return (name, device) in self._kept

    def take(self, step: PlannedStep) -> bool:
        """Whether the step fits what is left; it is kept then, and else among those left out."""
        name, device, seconds = step
        if seconds is None:
            words = "no formula says what it takes; it can be run alone: hybrid run"
            self.skipped.append(Skipped(name, device, seconds, words))
            return False
        if seconds > self._left:
            words = f"its predicted {seconds:.0f} s do not fit the {self._left:.0f} s that are left"
            self.skipped.append(Skipped(name, device, seconds, words))
            return False
        self._kept.add((name, device))
        self._left -= seconds
        self.seconds += seconds
        return True

    def _plan(self, name: str, case: Case) -> None:
        device, seconds = case.spec.device, _seconds(name, case)
        if name == RAW and case.dry_run is not None and case.dry_run.look is not None and case.dry_run.look.drowned:
            words = "its optimiser would see no signal; it is measured at the angles found without noise"
            self.skipped.append(Skipped(name, device, seconds, words))
        elif name not in (RAW, AT_X) and not self.has(AT_X, device):
            self.skipped.append(Skipped(name, device, seconds, f"it follows on '{AT_X}', which is left out"))
        else:
            if name == AT_X and seconds is not None and not self.has(RAW, device):
                seconds += _finish_s(case.dry_run)
            self.take(PlannedStep(name, device, seconds))


def loop_s(dry_run: DryRun) -> float | None:
    """Seconds of a whole run, without what follows its last measurement."""
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


def _finish_s(dry_run: DryRun | None) -> float:
    """What follows the last measurement of a whole run: other devices within the ranges, and the check by Aer."""
    if dry_run is None or dry_run.look is None or dry_run.look.seconds is None:
        return 0.0
    value_s = dry_run.look.seconds / (dry_run.look.evaluations + 1)
    return min(MOST_DEVICES_S, DEVICES * (DEVICES_S + value_s)) + min(AER_S, VALUES * RUN_S + DEVICES / 2 * value_s)


def _seconds(name: str, case: Case) -> float | None:
    assert case.dry_run is not None
    one, loop = at_x_s(case.dry_run), loop_s(case.dry_run)
    if one is None or loop is None:
        return None
    variants = sum(len(choices) - 1 for choices in case.device.variants.values())
    return {
        RAW: loop + _finish_s(case.dry_run),
        AT_X: 3 * one,
        METHODS: 2 * LONGER * one * len(candidates(case)),
        VARIANTS: 2 * variants * one,
        CHANGE: CHANGES * LONGER * one,
        FLIPS: SCALED * one,
    }[name]
