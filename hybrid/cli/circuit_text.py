"""`hybrid explain` of a circuit: what each part of the noise costs its fidelity, as a table."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybrid import catalog
from hybrid.base.errors import unknown
from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli.budget_rows import NAME, NUMBER, bar, places_of, signed
from hybrid.cli.layout import COLUMNS, emit, table, wrapped
from hybrid.cli.report import WIDTH, physics, spaced
from hybrid.cli.sample import CIRCUIT_SUFFIXES
from hybrid.measure.choices import DD

if TYPE_CHECKING:
    from hybrid.review.circuit_budget import CircuitBudget


def is_circuit(word: str) -> bool:
    """Whether the word names a circuit: a file of one, or a member of the catalogue."""
    head = word.partition(":")[0]
    return Path(head).suffix.lower() in CIRCUIT_SUFFIXES or catalog.knows("circuits", head)


def explain_and_print(circuit: str, bind: dict[str, float], chosen: dict[str, Any], measure_all: bool, as_json: bool) -> None:
    """Compute and print; `chosen` has what was given of device, dd, backend, realizations and threads."""
    given = {key: value for key, value in chosen.items() if value is not None}
    if given.get("dd", "none") not in DD:
        raise unknown("dd", given["dd"], DD)
    from hybrid.review.circuit_budget import Asked, explain_circuit

    budget = explain_circuit(circuit, bind=bind, asked=Asked(**given, measure_all=measure_all))
    emit(json.dumps(budget.to_json()) if as_json else text(budget))


def text(budget: "CircuitBudget") -> str:
    """The report: fidelity, its parts by size, what to do."""
    values = [row.value for row in budget.contributions]
    places = places_of(values)
    lines = [f"{'part of the noise':<{NAME}}{'costs':>{NUMBER}}{'alone':>{NUMBER}}"]
    for row in budget.contributions:
        alone = signed(*row.alone, places) if row.alone else ""
        line = f"{row.name:<{NAME}}{signed(row.value, row.stderr, places):>{NUMBER}}{alone:>{NUMBER}}"
        lines.append(f"{line}  {bar(row.value, values, COLUMNS - NAME - 2 * NUMBER - 2)}".rstrip())
    lines.append(
        f"{'sum':<{NAME}}{signed(1 - budget.fidelity.value, budget.fidelity.stderr, places):>{NUMBER}}  = 1 - fidelity"
    )
    meaning = "costs: fidelity without this part minus fidelity with all noise. alone: 1 minus fidelity with this part only."
    blind = f"the uniform distribution has {budget.uniform_fidelity:.4f}: this circuit hardly tells noise"
    head = [
        ("fidelity", f"{with_uncertainty(*budget.fidelity, digits=6)} for infinitely many shots"),
        ("", blind if budget.blind_to_noise else ""),
        ("duration", f"{budget.duration_s * 1e6:.2f} us" if budget.duration_s else ""),
        ("switched on", f"dd={budget.dd}" if budget.dd != "none" else ""),
    ]
    parts = [
        f"{physics(budget.device, budget.physics, budget.simulator)}\n{wrapped(spaced(budget.circuit), indent=2)}",
        table(head, WIDTH),
        "\n".join([*lines, wrapped(meaning)]),
        table([("largest", f"{budget.largest.name}; {budget.advice}")], WIDTH),
        wrapped(budget.caveat),
    ]
    return "\n\n".join(parts)
