"""Numbers of a rehearsal as a package prints them: values with errors, ranges, hours."""

from collections.abc import Callable, Sequence
from typing import Any

from hybrid.base.uncertainty import with_uncertainty
from hybrid.rehearsal.package.main_runs import mitigated
from hybrid.rehearsal.rehearsal import AFFORDABLE, BEATS, FITS, LIVES, RESOLVES, STABLE, Criterion, DeviceVerdict, Rehearsal

UNKNOWN = "not known"
PLAIN_DIGITS = 6
"""Digits of a value without a standard error."""


def value(number: float | None, stderr: float | None = None, unit: str = "") -> str:
    """`-1.1368(12) Ha`, or that it is not known."""
    if number is None:
        return UNKNOWN
    return f"{with_uncertainty(number, stderr or 0.0, digits=PLAIN_DIGITS)} {unit}".rstrip()


def spread(ends: Sequence[Any] | None, text: Callable[[Any], str]) -> str:
    """`value (low to high)`, or `low to high` where the value is an end; one text where all are the same."""
    if ends is None:
        return UNKNOWN
    low, middle, high = map(text, ends)
    if low == high:
        return middle
    return f"{low} to {high}" if middle in (low, high) else f"{middle} ({low} to {high})"


def hours(number: float) -> str:
    """Hours with three significant digits."""
    return f"{number:.3g} h"


def hours_of(verdict: DeviceVerdict) -> str:
    """QPU hours of a device with their range, marked where its bill is assumed."""
    text = spread(verdict.hours, hours)
    return f"{text}, assumed" if verdict.hours is not None and verdict.assumed else text


def whole(number: float | None) -> str:
    """`1,000`, or that it is not known."""
    return UNKNOWN if number is None else f"{round(number):,}"


def microseconds(seconds: float | None) -> str:
    """A time in microseconds."""
    return UNKNOWN if seconds is None else f"{seconds * 1e6:.3g} us"


def met(state: bool | None) -> str:
    """How a criterion ended, in words."""
    return {True: "met", False: "not met", None: "not judged"}[state]


def device_value(rehearsal: Rehearsal, verdict: DeviceVerdict) -> str:
    """The value that is judged on a device, in the experiment's unit."""
    return value(verdict.value, verdict.stderr, rehearsal.unit)


ASKS = {
    FITS: "do the circuits fit the machine's qubits, coupling, gates and jobs",
    LIVES: "is enough of the signal left after noise",
    RESOLVES: "is the error, of noise and of shots, smaller than what matters",
    BEATS: "is the answer better than guessing",
    AFFORDABLE: "is the bill within the hours asked for",
    STABLE: "does the verdict stay the same on other devices within the profile's ranges",
}
"""What each criterion asks."""


def asks() -> str:
    """All criteria with what they ask, in one sentence."""
    return f"The six criteria: {'; '.join(f'{name}: {asked}' for name, asked in ASKS.items())}."


def criterion(one: Criterion) -> str:
    """`met: 4 of 24 qubits.`"""
    return ended(f"{met(one.met)}: {one.words}" if one.words else met(one.met))


def ended(text: str) -> str:
    """The text with one full stop at its end."""
    return f"{text.rstrip(' .')}."


def changes(verdict: DeviceVerdict) -> list[str]:
    """What the verdict depends on, a sentence each: variants of the profile, numbers at which it flips, the smallest change."""
    lines = []
    if verdict.variants:
        lines.append(f"Variants of the profile: {', '.join(f'{name} {word}' for name, word in verdict.variants.items())}.")
    lines += [f"{one.words} (nominal {one.nominal:.4g} {one.unit}".rstrip() + ")." for one in verdict.flips]
    if verdict.remedy is not None:
        lines.append(f"Smallest change found by trying: {ended(verdict.remedy.words)} It ends in {verdict.remedy.verdict}.")
    return lines


def known_values(rehearsal: Rehearsal) -> list[tuple[str, str]]:
    """Names and values of what the devices' values are compared with."""
    unit, noiseless = rehearsal.unit, rehearsal.noiseless
    rows = [("exact", value(rehearsal.exact, None, unit))]
    if noiseless is not None:
        rows.append(("without noise", value(noiseless.value, noiseless.stderr, unit)))
    if rehearsal.baseline is not None:
        name = f"classical: {rehearsal.baseline_name}" if rehearsal.baseline_name else "classical"
        rows.append((name, value(rehearsal.baseline, None, unit)))
    rows.append(("guessing", value(rehearsal.guessing, None, unit)))
    if rehearsal.scale is not None:
        rows.append((f"what matters: {rehearsal.scale_words}", value(rehearsal.scale, None, unit)))
    return rows


def ranked(rehearsal: Rehearsal) -> str:
    """The devices by value in words; empty for one device."""
    if sum(map(len, rehearsal.ranking)) < 2:
        return ""
    places = [" and ".join(names) + (" (not told apart)" if len(names) > 1 else "") for names in rehearsal.ranking]
    return f"By value, best first: {'; then '.join(places)}. Devices whose bands overlap are not told apart."


def measured_values(rehearsal: Rehearsal) -> list[tuple[str, str]]:
    """Names and values of the devices' runs, as asked for and with the recommended error mitigation."""
    rows = []
    for one in rehearsal.devices:
        rows.append((one.device, device_value(rehearsal, one)))
        if (run := mitigated(one)) is not None:
            rows.append((f"{one.device}, mitigated by {run.mitigate}", value(run.value, run.stderr, rehearsal.unit)))
    return rows
