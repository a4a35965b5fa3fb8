"""The verdict on a device in one sentence that a reader without physics can act on."""

from collections.abc import Sequence

from hybrid.rehearsal.criteria import hours_text
from hybrid.rehearsal.evidence import Case
from hybrid.rehearsal.machines import machine_of
from hybrid.rehearsal.rehearsal import AFFORDABLE, BEATS, FITS, GO, LIVES, NO_GO, RESOLVES, STABLE, Criterion, SmallestChange

MEANING = {
    FITS: "it does not fit the machine",
    LIVES: "noise leaves too little of the signal",
    RESOLVES: "the answer would not be exact enough to tell anything",
    BEATS: "the answer would be no better than guessing",
    AFFORDABLE: "it costs more machine time than asked for",
    STABLE: "another device of the same kind may end otherwise",
}
"""What it means that a criterion is not met."""
OTHER_FILLING = "its circuit does not conserve the number of electrons and answers another question"
NOT_JUDGED = "not known within the time of this rehearsal"


def sentence(case: Case, word: str, binding: str, criteria: Sequence[Criterion], change: SmallestChange | None) -> str:
    """Verdict, device, binding constraint with its figures, and the hours or the smallest change."""
    name = device_words(case.device.name)
    if word == GO:
        hours = "" if case.hours is None else f" for {hours_text(case.hours)} of QPU time"
        bill = next(one for one in criteria if one.name == AFFORDABLE)
        but = "" if bill.met else " but the bill, which is not judged"
        return f"GO on {name}{hours}: every criterion is met{but}."
    bound = next(one for one in criteria if one.name == binding)
    meaning = OTHER_FILLING if "electrons" in bound.numbers else MEANING[binding]
    why = f"'{binding}' is {NOT_JUDGED}" if bound.met is None else f"{meaning}{_figures(case, bound)}"
    said = f"{word} on {name}: {why}"
    if word == NO_GO and change is not None:
        hours = "" if change.hours is None else f", {hours_text(change.hours)} of QPU time"
        return f"{said}; {change.verdict} with {change.words}{hours}."
    return f"{said}."


def _figures(case: Case, bound: Criterion) -> str:
    """The figures that bind, in as few words as say it."""
    numbers = bound.numbers
    if bound.name == FITS:
        return f" (it needs {numbers['qubits']} qubits of {numbers['device_qubits']})"
    if bound.name == LIVES:
        left = numbers["simulated_signal"] if numbers["simulated_signal"] is not None else numbers["expected_signal"]
        return f" ({100 * left:.2g} %, {100 * numbers['least_signal']:.2g} % is needed)"
    if bound.name == RESOLVES and "error" in numbers:
        return f" (the error is {case.question.amount(numbers['error'])} where {case.question.amount(numbers['scale'])} matter)"
    if "electrons" in numbers:
        return f" (it ends with {numbers['electrons']:.3g} of {numbers['electrons_asked']:.3g})"
    if bound.name == AFFORDABLE:
        return f" ({numbers['hours'][2]:.3g} h at the high end, {numbers['hours_asked']:g} h asked for)"
    if bound.name == STABLE:
        return f" ({NO_GO} with {', '.join(numbers['differ'])})"
    return ""


def device_words(name: str) -> str:
    """A device with the machine that it stands for."""
    machine = machine_of(name)
    return f"{name} ({machine})" if machine else name
