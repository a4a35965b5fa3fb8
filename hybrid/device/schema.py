"""The JSON Schema of a device's profile, made of the tables by which profiles are read. Standard library only.

It says all that can be said of one entry: keys, kinds, units, and bounds in every unit. What compares entries (lengths of lists
with the number of qubits, T2 with T1, a range with its value) only the program checks.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from math import isinf
from typing import Any

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.files import read_toml
from hybrid.catalog import patterns
from hybrid.device import billing, naming, options, published
from hybrid.device.device import (
    GATES,
    IDEAL_KEYS,
    N_QUBITS,
    PULSES,
    QUANTITIES,
    QUASISTATIC_ONLY,
    TWO_QUBIT,
    gate_keys,
    gate_rules,
    profile_keys,
)
from hybrid.device.profile import LARGEST, MARKS, NO_PAPER, UNITS, QuantityRule, entry_keys

DRAFT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "pattern": r"^(?=.*\S)[^\u0000-\u001f\u007f-\u009f]*$"}
"""One line that is not empty."""
MARK = (
    f"How sure it is, one letter or one per entry of a list: {', '.join(f'{key} {meaning}' for key, meaning in MARKS.items())}."
)
ABOUT = {
    "mark": {"type": "string", "pattern": f"^[{''.join(MARKS)}]+$", "description": MARK},
    "source": TEXT | {"description": f"Where it is from: a key of the bibliography, or {' or '.join(NO_PAPER)}."},
    "reason": TEXT | {"description": "Why; needed where something is assumed or derived."},
    "known_for_target": {"type": "boolean", "description": "Whether it is published for MeluXina-Q itself."},
}
REASON = {
    "if": {
        "anyOf": [
            {"properties": {"source": {"enum": [*NO_PAPER]}}, "required": ["source"]},
            {"properties": {"mark": {"pattern": "[DA]"}}, "required": ["mark"]},
        ]
    },
    "then": {"required": ["reason"]},
}


def device_schema() -> Schema:
    """The schema of a profile: of an ideal device, or of one with native gates and noise."""
    required, optional = profile_keys("quasistatic")
    texts = {
        "title": TEXT | {"description": "What it is a profile of, in one line."},
        "caveat": TEXT | {"description": "What it is not; printed with every result."},
        "dephasing": {"enum": [*options.DEPHASING], "description": "Kind of dephasing."},
        "any_gate": {"const": True, "description": "An ideal device: any gate runs perfectly, and there are no other numbers."},
    }
    properties = texts | _entries() | {"variants": _variants()}
    markov, _ = profile_keys("markov")
    return {
        "$schema": DRAFT,
        "title": "Device profile of hybrid",
        "description": "hybrid show device ./FILE.toml checks it, and prints every number.",
        "type": "object",
        "properties": {key: properties[key] for key in dict.fromkeys(("any_gate", *required, *optional))},
        "additionalProperties": False,
        "if": {"required": ["any_gate"]},
        "then": {"propertyNames": {"enum": [*IDEAL_KEYS]}, "required": [*IDEAL_KEYS]},
        "else": {
            "required": [*markov],
            "properties": {"gates": {"required": ["rz"], "allOf": [_one_of(PULSES), _one_of(TWO_QUBIT)]}},
            "if": {"properties": {"dephasing": {"const": "markov"}}, "required": ["dephasing"]},
            "then": {"properties": dict.fromkeys(QUASISTATIC_ONLY, False)},
            "else": {"required": [*QUASISTATIC_ONLY], "properties": {"gates": {"properties": {"rx": False}}}},
        },
        "$defs": ABOUT
        | {"explained": REASON, "entries": _table(_entries(partly=True))}
        | {name: _number(rule) for name, rule in _rules().items()},
    }


def _rules() -> dict[str, QuantityRule]:
    """Every number of a profile by its dotted key."""
    return {
        "n_qubits": N_QUBITS,
        **QUANTITIES,
        **{f"gates.{name}.{key}": rule for name in GATES for key, rule in gate_rules(name).items()},
        **{f"billing.{key}": rule for key, rule in (billing.QUANTITIES | billing.OPTIONAL).items()},
        **{f"published.{key}": published.FIDELITY for key in published.KEYS},
    }


def _of_rules(keys: Iterable[str], table: str = "") -> Schema:
    """Numbers by key, each a reference to its rule."""
    return {key: _shared(f"{table}{key}") for key in keys}


def _shared(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _entries(*, partly: bool = False) -> Schema:
    """The tables of a profile that hold entries, by key; `partly`: as in a variant, where none is needed."""
    return {
        "n_qubits": _shared("n_qubits"),
        "coupling": _entry(_coupling(), "Which pairs are coupled: chain, all-to-all, or a list of pairs."),
        "gates": _table({name: _gate(name, partly) for name in GATES}, about="The native gates."),
        **_of_rules(QUANTITIES),
        "billing": _billing(partly),
        "published": _table(
            {key: _number(published.FIDELITY) for key in published.KEYS}, about="What was measured on the device."
        ),
    }


def _gate(name: str, partly: bool) -> Schema:
    required, optional = gate_keys(name)
    numbers = _of_rules(gate_rules(name), f"gates.{name}.")
    switches = {
        "parallel": _entry({"type": "boolean"}, "Whether it runs on several places at once."),
        "echoed": _entry({"type": "boolean"}, "Whether it refocuses the detunings of its own qubits."),
    }
    physical = _table({key: (numbers | switches)[key] for key in (*required, *optional)}, () if partly else required)
    if name != "rz":
        return physical
    virtual = _entry({"const": True}, "A change of frame, without duration and error.")
    return {"anyOf": [_table({"virtual": virtual}, () if partly else ("virtual",)), physical]}


def _billing(partly: bool) -> Schema:
    numbers = _of_rules((*billing.QUANTITIES, *billing.OPTIONAL), "billing.")
    rule = _entry({"enum": [*billing.RULES]}, "How the site bills; mark A where no rule is published.")
    table = _table({"rule": rule, **numbers}, () if partly else ("rule", *billing.QUANTITIES), "How machine time is billed.")
    by_qubits = {"properties": {"rule": {"properties": {"value": {"const": "qubit-seconds"}}}}, "required": ["rule"]}
    other = {"properties": {"reference_gate": False}}
    return table if partly else table | {"if": by_qubits, "then": {"required": ["reference_gate"]}, "else": other}


def _variants() -> Schema:
    """Options of the device, their choices, and the entries that each choice replaces."""
    choices = {
        "type": "object",
        "propertyNames": {"pattern": f"^{options.NAME}$", "not": {"const": options.DEFAULT}},
        "additionalProperties": {"$ref": "#/$defs/entries"},
    }
    return {
        "type": "object",
        "description": "Variants: [variants.OPTION.CHOICE.KEY] is the entry that KEY has there.",
        "propertyNames": {"pattern": f"^{options.NAME}$", "not": {"enum": [*options.BUILT_IN]}},
        "additionalProperties": choices,
    }


def _coupling() -> Schema:
    qubit = {"type": "integer", "minimum": 0}
    pair = {"type": "array", "items": qubit, "minItems": 2, "maxItems": 2, "uniqueItems": True}
    return {"anyOf": [{"enum": ["chain", "all-to-all"]}, {"type": "array", "items": pair, "minItems": 1}]}


def _one_of(names: Iterable[str]) -> Schema:
    return {"oneOf": [{"required": [name]} for name in names]}


def _table(properties: Schema, required: Iterable[str] = (), about: str = "") -> Schema:
    table = {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}
    return table | ({"description": about} if about else {})


def _entry(value: Schema, about: str, *, unit: Schema | None = None, spread: Schema | None = None) -> Schema:
    """An entry: its value, what it rests on, and of a number its unit and range."""
    required, optional = entry_keys(unit is not None)
    known = {"value": value, "unit": unit, **{key: _shared(key) for key in ABOUT}, "range": spread}
    return _table({key: known[key] for key in (*required, *optional)}, required, about) | {"allOf": [_shared("explained")]}


def _number(rule: QuantityRule) -> Schema:
    """A number with its bounds in each unit of its dimension."""
    units = [unit for unit, (dimension, _) in UNITS.items() if dimension == rule.dimension]
    one = {"type": "integer" if rule.whole and not rule.endless else "number"}
    value = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]} if rule.listed else one
    spread = {"type": "array", "items": one, "minItems": 2, "maxItems": 2, "description": "Plausible values: [low, high]."}
    entry = _entry(value, rule.about, unit={"enum": units}, spread=spread)
    return entry | {"allOf": [*entry["allOf"], *(_bounded(rule, unit) for unit in units)]}


def _bounded(rule: QuantityRule, unit: str) -> Schema:
    """The bounds of a number that is written in this unit, and those of its range."""
    low, high = (float(Decimal(repr(end)).scaleb(-UNITS[unit][1])) if not isinf(end) else LARGEST for end in rule[1:3])
    most = {} if rule.endless else {"maximum": min(high, LARGEST)}
    bounds = {"exclusiveMinimum" if rule.above else "minimum": low} | most
    then = {"value": {**bounds, "items": bounds}, "range": {"items": {"minimum": low} | most}}
    return {"if": {"properties": {"unit": {"const": unit}}, "required": ["unit"]}, "then": {"properties": then}}


def device_patterns(*, several: bool = False) -> list[patterns.Spelling]:
    """Every way to name a device with its options: a profile of this package or of another one, or a file."""
    found = []
    for name in [*catalog.names("devices"), *catalog.offered("devices")]:
        with suppress(UsageError):  # of another package, and broken: left out, as in a list
            table = read_toml(naming.device_file(name))[0]
            offer = options.offer(table)
            told = "; ".join(f"{key}: {what}" for key, what in options.takes(offer).items())
            pattern = patterns.with_options(re.escape(name), _values(offer), several=several)
            found.append(patterns.Spelling(name, pattern, f"{table['title']}. Options: {told or 'none'}."))
    own = r".*\.toml(?::.*)?"
    return [*found, patterns.Spelling("", own, "A profile of your own: ./mine.toml, with options as another device.")]


def _values(offer: options.Offer) -> dict[str, str]:
    """Option -> the expression of its value."""
    if not offer.dephasing:
        return {}
    return {
        "dephasing": "|".join(options.DEPHASING),
        "correlation": patterns.NUMBER,
        "drift": "|".join(options.DRIFT),
        "drift_time": rf"{options.COUNT}\s*(?:{'|'.join(options.SECONDS)})",
        **({"n": r"\d{1,3}"} if offer.chain and "n" not in offer.variants else {}),
        **{key: "|".join(choices) for key, choices in offer.variants.items()},
    }
