"""Whether a verdict stands when the device is another one: its variants, others within its ranges, and where it flips.

Bills are left aside here: they do not depend on how good a device is.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import floor, log10, sqrt
from typing import Any, NamedTuple

from hybrid.base.errors import HybridError
from hybrid.device import options
from hybrid.device.device import Device
from hybrid.device.options import DEFAULT
from hybrid.rehearsal.criteria import is_go_physically
from hybrid.rehearsal.evidence import Case
from hybrid.rehearsal.play import Player, why_refused
from hybrid.rehearsal.question import CHOICES
from hybrid.rehearsal.rehearsal import GO, NO_GO, STABLE, Criterion, Flip, Skipped
from hybrid.rehearsal.scaled import DeviceNumber, chosen_options, mean_of, numbers_that_matter, scaled_device
from hybrid.runs.device_interval import NO_RANGES

FARTHEST, NEAR = 32.0, 1.05
"""A number is multiplied or divided by at most so much, and the two sides of a flip differ by at most this factor."""


class Variants(NamedTuple):
    """What each variant ends in: GO, NO-GO or that it is not known."""

    words: dict[str, str]
    skipped: list[Skipped]


def variants(player: Player, case: Case, x: Sequence[float]) -> Variants:
    """The verdict on every variant of the profile, at the same x and with the same pulses."""
    words, skipped = {}, []
    for text in variant_texts(case.spec.device, case.device):
        label = options.split(text)[1]
        try:
            words[label] = _word(_elsewhere(player, case, x, text, f"variant {label}"))
        except HybridError as error:
            skipped.append(Skipped(f"variant {label}", case.spec.device, None, why_refused(error)))
    return Variants(words, skipped)


def variant_texts(text: str, device: Device) -> list[str]:
    """The device with every choice of every option that the profile offers, but those that are chosen already."""
    head, settings = options.split(text)
    given = chosen_options(settings)
    texts = []
    for option, choices in device.variants.items():
        for choice in choices:
            if choice != given.get(option, DEFAULT):
                other = given | {option: choice}
                texts.append(f"{head}:{','.join(f'{key}={value}' for key, value in other.items())}")
    return texts


def stable(case: Case, found: Variants | None, interval: dict[str, Any] | None, flips: Sequence[Flip]) -> Criterion:
    """Whether every variant and both ends of the device interval end as the device itself does."""
    ends = _ends(case, interval)
    others = ({} if found is None else found.words) | ends
    numbers: dict[str, Any] = {"variants": {} if found is None else found.words, "interval": ends, "differ": []}
    missing = _missing(found, interval)
    if case.at is None or (missing and not others):
        return Criterion(STABLE, None, f"not known: {missing or 'the experiment was not played'}", numbers)
    own, tail = _word(case), "".join(f"; {flip.words}" for flip in flips)
    if not others:
        return Criterion(STABLE, True, f"the profile states neither variants nor ranges{tail}", numbers)
    if differ := [name for name, word in others.items() if word != own]:
        words = f"{own} turns into {_other(own)} with {', '.join(differ)}{tail}"
        return Criterion(STABLE, False, words, numbers | {"differ": differ})
    words = f"{own} with {', '.join(others)} too" + (f"; not known: {missing}" if missing else "")
    return Criterion(STABLE, None if missing else True, words + tail, numbers)


def _missing(found: Variants | None, interval: dict[str, Any] | None) -> str:
    """What was not played, in words; empty where nothing is missing."""
    parts = [] if found is not None else ["its variants were not played"]
    parts += [f"{one.step} was not played ({one.why})" for one in (() if found is None else found.skipped)]
    reason = "" if interval is None else interval.get("left_out", "")
    parts += [f"other devices within its ranges were left out ({reason})"] if reason and reason != NO_RANGES else []
    return "; ".join(parts)


def _ends(case: Case, interval: dict[str, Any] | None) -> dict[str, str]:
    """The verdict at both ends of the device interval of the value; of choices the signal alone, for no shares are sampled."""
    if case.at is None or not interval or "left_out" in interval:
        return {}
    of = " (its signal)" if case.question.kind == CHOICES else ""
    ends = {f"{end} end of the device interval{of}": interval[end] for end in ("low", "high")}
    return {name: _word(replace(case, at=case.at._replace(limit=value))) for name, value in ends.items()}


def flips(player: Player, case: Case, x: Sequence[float]) -> list[Flip]:
    """For each number that matters, where the verdict flips: bisected, and run at both sides. None where it never does."""
    result = []
    for number in numbers_that_matter(case.device):
        if flip := _flip(player, case, x, number):
            result.append(flip)
    return result


def _flip(player: Player, case: Case, x: Sequence[float], number: DeviceNumber) -> Flip | None:
    """The farthest factor first; then halves, in the logarithm, of where the verdict changes."""
    own = is_go_physically(case)
    stronger = number.more_is_better != own  # multiply: to make GO of NO-GO more of what is good, and the other way round
    same, other = 1.0, FARTHEST if stronger else 1 / FARTHEST

    def is_go_at(factor: float) -> bool:
        text = scaled_device(case.spec.device, number, factor, player.results)
        try:
            return is_go_physically(_elsewhere(player, case, x, text, f"{number.words} x {factor:.4g}"))
        except HybridError as error:  # a readout that says nothing cannot be corrected, say
            why_refused(error)
            return False

    if is_go_at(other) == own:
        return None
    while max(same / other, other / same) > NEAR:
        middle = float(f"{sqrt(same * other):.6g}")
        same, other = (middle, other) if is_go_at(middle) == own else (same, middle)
    go, no_go = (same, other) if own else (other, same)
    nominal, unit = mean_of(case.device, number)
    at_go, at_no_go = (
        mean_of(Device.load(scaled_device(case.spec.device, number, factor, player.results)), number)[0]
        for factor in (go, no_go)
    )
    sign = ">" if number.more_is_better else "<"
    words = f"{GO} if {number.words} {sign} {_rounded(at_go, up=number.more_is_better)} {unit}"
    return Flip(number.words, unit, nominal, at_go, at_no_go, words)


def _rounded(value: float, *, up: bool) -> str:
    """Two digits, towards the side of GO."""
    step = 10.0 ** (floor(log10(abs(value))) - 1) if value else 1.0
    whole = floor(value / step + 1e-9)
    return f"{(whole + (up and whole * step < value * (1 - 1e-9))) * step:.6g}"


def _elsewhere(player: Player, case: Case, x: Sequence[float], device: str, step: str) -> Case:
    """The experiment at x on another device: with its shots, and infinitely many."""
    assert case.at is not None
    spec = replace(case.with_ansatz, device=device)
    return replace(case, at=case.at.elsewhere(player.at(step, spec, x), player.limit(step, spec, x)))


def _word(case: Case) -> str:
    return GO if is_go_physically(case) else NO_GO


def _other(word: str) -> str:
    return NO_GO if word == GO else GO
