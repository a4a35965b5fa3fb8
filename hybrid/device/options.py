"""Options of a device, `NAME_OR_PATH[:key=value,...]`, checked against what its profile offers; no file is read here."""

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from math import inf
from typing import Any, NamedTuple, final

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.device.profile import Profile

DEPHASING = ("quasistatic", "markov")
DRIFT = ("none", "ou", "pink")
BUILT_IN = {
    "dephasing": f"{' | '.join(DEPHASING)}; default quasistatic",
    "correlation": "number above -1 and below 1; default 0",
    "drift": f"{' | '.join(DRIFT)}; default none",
    "drift_time": "a time such as 10s, 5ms or 2min; with drift=ou or pink",
}
"""Options of every device with noise, and what they take; a profile's variants are options as well."""
MOST_QUBITS = 63
"""Outcomes are kept as 63-bit numbers."""
NAME = r"[a-z][a-z0-9_]*"
"""Of a variant, and of its choices."""
DEFAULT = "default"
"""The choice that every variant has, and that is the profile without it."""
COUNT = r"\d+(?:\.\d+)?(?:e[+-]?\d{1,2})?"
"""The number of a time, before its unit, one of SECONDS."""
SECONDS = {"ns": Decimal("1e-9"), "us": Decimal("1e-6"), "ms": Decimal("1e-3"), "s": 1, "min": 60, "h": 3600}


class Offer(NamedTuple):
    """What a profile offers: its own kind of dephasing ("" for an ideal device), its variants' choices by option, `chain` the
    qubits of one, which can be made longer (0 for another coupling)."""

    dephasing: str
    variants: dict[str, tuple[str, ...]]
    chain: int = 0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOptions:
    """Checked options, `variants` holding what is chosen and changes something; `text` is their canonical form."""

    dephasing: str
    correlation: float
    drift: str
    drift_time_s: float
    variants: dict[str, str]
    n_qubits: int
    text: str


def split(text: str) -> tuple[str, str]:
    """Name or path, and the options' text; a path may hold colons, for it ends in .toml."""
    head, mark, rest = text.partition(".toml:")
    if mark:
        return f"{head}.toml", rest
    head, _, rest = (text, "", "") if text.endswith(".toml") else text.partition(":")
    return head, rest


def offer(table: dict[str, Any]) -> Offer:
    """What a profile's table offers, the table left unchecked."""
    dephasing = "" if "any_gate" in table else str(table.get("dephasing", ""))
    variants = table.get("variants")
    declared = variants.items() if isinstance(variants, dict) else ()
    coupling, count = (
        table[key].get("value") if isinstance(table.get(key), dict) else None for key in ("coupling", "n_qubits")
    )
    chain = count if coupling == "chain" and isinstance(count, int) else 0
    return Offer(dephasing, {key: (DEFAULT, *choices) for key, choices in declared if isinstance(choices, dict)}, chain)


def takes(offered: Offer) -> dict[str, str]:
    """Every option that the profile leaves open, and what it takes."""
    built_in = BUILT_IN if offered.dephasing == "quasistatic" else {}
    if offered.chain and "n" not in offered.variants:
        built_in = built_in | {"n": f"{offered.chain} to {MOST_QUBITS} qubits, more of them assumed; default {offered.chain}"}
    return built_in | {key: " | ".join(choices) for key, choices in offered.variants.items()}


def parse(name: str, text: str, offered: Offer, dephasing: str | None = None) -> DeviceOptions:
    """The options of device `name`, completed; `dephasing` is a value given elsewhere. UsageError says what is allowed."""
    owner = f"device '{shortened(name)}'"
    given = _settings(owner, text)
    if not offered.dephasing:
        if extra := [*given, *(["dephasing"] if dephasing is not None else [])]:
            raise UsageError(f"{owner} has no noise and takes no options; '{shortened(extra[0])}' was given.")
        return DeviceOptions(dephasing="", correlation=0.0, drift="none", drift_time_s=0.0, variants={}, n_qubits=0, text="")
    longer = ("n",) if offered.chain and "n" not in offered.variants else ()
    for key in given:
        if key not in (*BUILT_IN, *longer, *offered.variants):
            raise unknown(f"option of {owner}:", key, (*BUILT_IN, *longer, *offered.variants))
    n_qubits = _longer(owner, given["n"], offered.chain) if longer and "n" in given else 0
    kind = _dephasing(owner, given.get("dephasing"), dephasing, offered.dephasing)
    correlation = _correlation(owner, given.get("correlation", "0"))
    drift = _word(owner, "drift", given.get("drift", "none"), DRIFT)
    drift_time_s = _drift_time_s(owner, drift, given.get("drift_time"))
    if kind == "markov" and (correlation or drift != "none"):
        key = "correlation" if correlation else "drift"
        raise UsageError(f"{owner}: {key} is about slow detunings and needs dephasing=quasistatic.")
    chosen = {key: _word(owner, key, given.get(key, DEFAULT), choices) for key, choices in offered.variants.items()}
    chosen = {key: choice for key, choice in chosen.items() if choice != DEFAULT}
    canonical = {
        "dephasing": kind if kind != offered.dephasing else "",
        "correlation": _plain(correlation) if correlation else "",
        "drift": drift if drift != "none" else "",
        "drift_time": f"{_plain(drift_time_s)}s" if drift_time_s else "",
        "n": str(n_qubits) if n_qubits else "",
    }
    canonical_text = ",".join(f"{key}={value}" for key, value in sorted((canonical | chosen).items()) if value)
    return DeviceOptions(
        dephasing=kind,
        correlation=correlation,
        drift=drift,
        drift_time_s=drift_time_s,
        variants=chosen,
        n_qubits=n_qubits,
        text=canonical_text,
    )


def _settings(owner: str, text: str) -> dict[str, str]:
    """key=value,... as a dict, each key once."""
    given: dict[str, str] = {}
    for item in filter(None, text.split(",")):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals:
            raise UsageError(f"{owner}: write options as key=value, not '{shortened(item)}'.")
        if key in given:
            raise UsageError(f"{owner}: option '{shortened(key)}' is given twice.")
        given[key] = value
    return given


def _word(owner: str, key: str, value: str, allowed: Iterable[str]) -> str:
    if value not in allowed:
        raise unknown(f"value of {owner}: option '{key}':", value, allowed)
    return value


def _dephasing(owner: str, option: str | None, argument: str | None, own: str) -> str:
    """The kind of dephasing from the option, the argument beside it, or the profile."""
    for value in (option, argument):
        if value is not None:
            _word(owner, "dephasing", value, DEPHASING)
    if option is not None and argument is not None and option != argument:
        raise UsageError(f"{owner}: dephasing={option} is its option, but dephasing {argument} is asked for beside it.")
    kind = option or argument or own
    if kind == "quasistatic" and own == "markov":
        raise UsageError(f"{owner} states no T2*; only dephasing=markov is possible.")
    return kind


def _correlation(owner: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = inf
    if not -1 < value < 1:
        raise UsageError(f"{owner}: option 'correlation' takes a number above -1 and below 1, not '{shortened(text)}'.")
    return value


def _drift_time_s(owner: str, drift: str, text: str | None) -> float:
    """Seconds; 0 where nothing drifts."""
    if drift == "none":
        if text is not None:
            raise UsageError(f"{owner}: option 'drift_time' is for drift=ou or drift=pink; nothing drifts here.")
        return 0.0
    if text is None:
        raise UsageError(f"{owner}: drift={drift} needs drift_time, a time such as 10s, 5ms or 2min.")
    match = re.fullmatch(rf"({COUNT})\s*([a-z]+)", text)
    seconds = float(Decimal(match[1]) * SECONDS[match[2]]) if match and match[2] in SECONDS else 0.0
    if not 0 < seconds < inf:
        units = ", ".join(SECONDS)
        raise UsageError(
            f"{owner}: option 'drift_time' takes a time such as 10s, 5ms or 2min, not '{shortened(text)}'. Units: {units}."
        )
    return seconds


def _longer(owner: str, text: str, own: int) -> int:
    """Qubits of the chain; 0 for as many as the profile has."""
    value = int(text) if re.fullmatch(r"\d{1,3}", text) else 0
    if not own <= value <= MOST_QUBITS:
        raise UsageError(f"{owner}: option 'n' takes a whole number from {own} to {MOST_QUBITS}, not '{shortened(text)}'.")
    return value if value > own else 0


def _plain(value: float) -> str:
    return repr(value).removesuffix(".0")


Places = dict[tuple[str, ...], tuple[str, ...]]
"""Where an entry is looked for -> where its replacement is."""


def declared_variants(profile: Profile) -> dict[str, tuple[str, ...]]:
    """Choices by option, `default` first, of a profile that was read; UsageError for a name that cannot be an option's."""
    if "variants" not in profile.table:
        return {}
    variants: dict[str, tuple[str, ...]] = {}
    for option in profile.table_at(("variants",)):
        if option in BUILT_IN:
            raise profile.error(("variants", option), "is an option of every device; the variant needs another name.")
        choices = profile.table_at(("variants", option))
        for choice in choices:
            if choice == DEFAULT:
                raise profile.error(("variants", option, choice), f"'{DEFAULT}' is the profile without the variant.")
            _replaced(profile, option, choice)
        for name, at in ((option, ()), *((choice, (option,)) for choice in choices)):
            if not re.fullmatch(NAME, name):
                raise profile.error(("variants", *at, name), "a name has small letters, digits and _, a letter first.")
        variants[option] = (DEFAULT, *choices)
    return variants


def varied(profile: Profile, chosen: dict[str, str]) -> Profile:
    """The same file, to be read again, with the entries that the chosen variants replace."""
    result = copy(profile)
    result.numbers = {}
    result.moved = {}
    for option, choice in chosen.items():
        result.moved |= _replaced(profile, option, choice)
        result.variant = ("variants", option, choice)
    return result


def _replaced(profile: Profile, option: str, choice: str, inside: tuple[str, ...] = ()) -> Places:
    """Every entry that one choice replaces; UsageError names a key that the profile does not have."""
    at = ("variants", option, choice)
    replaced: Places = {}
    for key in profile.table_at((*at, *inside)):
        path = (*inside, key)
        dotted = ".".join(path)
        if dotted in profile.numbers:
            replaced[path] = (*at, *path)
        elif any(known.startswith(f"{dotted}.") for known in profile.numbers):
            replaced |= _replaced(profile, option, choice, path)
        else:
            raise profile.error((*at, *path), str(unknown("key", dotted, profile.numbers)))
    return replaced
