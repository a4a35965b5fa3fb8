"""Methods of error mitigation in a row, `readout+twirl+zne:factors=1/3`: read, put in canonical text, and checked for order."""

from itertools import pairwise

from hybrid.base.errors import UsageError
from hybrid.catalog.lookup import Member, parse

FAMILY, NONE = "mitigations", "none"
STAGES = ("readout", "selection", "twirling", "extrapolation")
"""What a method's constant STAGE says it changes, in the order in which methods are written. Left out, it is the last."""
APART = {
    ("readout", "pec"): "flips of outcomes leave no single bit's error to invert; take trex+pec",
    ("readout", "symmetry"): "a corrected share of a string is not a number of shots; take one of the two",
    ("trex", "symmetry"): "a corrected share of a string is not a number of shots; take one of the two",
    ("symmetry", "pec"): "signed shots cannot be left out; take one of the two",
    ("pec", "zne"): "pec removes the noise that zne would extrapolate; take one of the two",
    ("pec", "cdr"): "pec removes the noise that cdr would fit; take one of the two",
}
"""Methods that do not go together, and what to do."""


def chain(text: str) -> list[Member]:
    """The methods of `text` from left to right, checked; none for 'none'. UsageError for an unknown method, two of a kind, a
    wrong order, and methods that do not go together."""
    members = [] if text == NONE else [parse(FAMILY, part.strip()) for part in text.split("+")]
    for first, second in pairwise(members):
        names, (before, after) = [first.signature.name, second.signature.name], (_stage(first), _stage(second))
        if before == after:
            raise UsageError(f"mitigate: {' and '.join(names)} both change the {STAGES[before]}; take one of the two.")
        if before > after:
            ordered = "+".join(m.text(defaults=False) for m in sorted(members, key=_stage))
            raise UsageError(f"mitigate: {names[1]} comes before {names[0]}; write {ordered}.")
    present = {member.signature.name for member in members}
    for pair, why in APART.items():
        if present >= set(pair):
            raise UsageError(f"mitigate: {' and '.join(pair)} do not go together: {why}.")
    return members


def chain_text(text: str, *, defaults: bool = False) -> str:
    """The canonical text of the methods."""
    return "+".join(member.text(defaults=defaults) for member in chain(text)) or NONE


def _stage(member: Member) -> int:
    stage = member.signature.constants.get("STAGE", STAGES[-1])
    if stage not in STAGES:
        raise UsageError(f"{member.signature.file}: STAGE is one of {', '.join(STAGES)}, not {stage!r}.")
    return STAGES.index(stage)
