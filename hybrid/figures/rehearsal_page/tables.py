"""The tables of a rehearsal's page: criteria by devices, the numbers of each device, the known values."""

from collections.abc import Sequence

from hybrid.base.uncertainty import percent
from hybrid.figures.markup import Markup, tag
from hybrid.rehearsal.package import figures_in_words as words
from hybrid.rehearsal.package.glance import key_figure, mark
from hybrid.rehearsal.rehearsal import CRITERIA, GO, MARGINAL, DeviceVerdict, Rehearsal

STATES = {True: "met", False: "unmet", None: "open"}


def kind(word: str) -> str:
    """The class of a verdict's word."""
    return {GO: "met", MARGINAL: "marginal"}.get(word, "unmet")


def grid(rehearsal: Rehearsal) -> Markup:
    """One column per device: its verdict, then the six criteria; the binding one has a frame."""
    heads = [tag("th", one.device, scope="col") for one in rehearsal.devices]
    rows = [tag("tr", tag("th", "verdict", scope="row"), *(_word(one) for one in rehearsal.devices))]
    for name in CRITERIA:
        rows.append(tag("tr", tag("th", name, scope="row"), *(_field(one, name) for one in rehearsal.devices)))
    return tag("table", tag("thead", tag("tr", tag("td", ""), *heads)), tag("tbody", *rows), class_="grid")


def _word(verdict: DeviceVerdict) -> Markup:
    return tag("td", tag("b", verdict.word), class_=kind(verdict.word))


def _field(verdict: DeviceVerdict, name: str) -> Markup:
    one = next((one for one in verdict.criteria if one.name == name), None)
    if one is None:
        return tag("td", "not judged", class_="open")
    figure = key_figure(one)
    shown = [f"{mark(one.met)} {words.met(one.met)}"] + ([tag("small", figure)] if figure else [])
    binding = " binding" if name == verdict.binding else ""
    return tag("td", *shown, class_=f"{STATES[one.met]}{binding}")


def numbers(rehearsal: Rehearsal) -> Markup:
    """One row per device: bill and circuit."""
    columns = ("device", "QPU hours", "jobs", "shots", "two-qubit gates", "circuit takes", "signal expected")
    return _table(columns, [_row(one) for one in rehearsal.devices], class_="devices")


def _row(one: DeviceVerdict) -> Sequence[str]:
    circuit = one.circuit
    gates = "-" if circuit is None else str(circuit.two_qubit_gates)
    duration = "-" if circuit is None else words.microseconds(circuit.duration_s)
    signal = "-" if circuit is None or circuit.signal is None else percent(circuit.signal)
    bill = (words.hours_of(one), words.whole(one.jobs), words.whole(one.shots))
    return (one.device, *bill, gates, duration, signal)


def known(rehearsal: Rehearsal) -> Markup:
    """The values of devices, and those that they are compared with."""
    better = "larger" if rehearsal.maximize else "smaller"
    return _table(
        (f"{rehearsal.quantity} ({better} is better)", "value"),
        [*words.known_values(rehearsal), *words.measured_values(rehearsal)],
        class_="known",
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], class_: str | bool = False) -> Markup:
    heads = [tag("th", name, scope="col") for name in columns]
    body = [tag("tr", *(tag("td", text) for text in row)) for row in rows]
    return tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_=class_)
