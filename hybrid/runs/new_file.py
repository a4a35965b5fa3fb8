"""A file to begin with: an experiment or a sweep, every key with its default or an example, and what is allowed."""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any

from hybrid import catalog
from hybrid.catalog.chain import FAMILY
from hybrid.runs.axes import OWN_KEYS
from hybrid.runs.spec import MEMBERS, WHOLE, Spec

EXPERIMENT = """\
# An experiment: hybrid run FILE. A key is a flag of `hybrid run`; flags on the command line win over the file.
"""
SWEEP = """\
# A sweep: hybrid sweep FILE. A value may be a list, or a text as "0..9", "1,2,5" or "qaoa:p=1..3"; all combinations are run.
"""
HEAD = """\
# A key after a # is what holds anyway, or an example where the start of a run chooses; take the # away to change it. Files are
# named relative to this one.
"""
FAMILIES = {**MEMBERS, "device": "devices", "mitigate": FAMILY}
WIDTH = 110
"""Columns of a line."""


def new_file(problem: str, *, written: str | None = None, sweep: bool = False) -> str:
    """TOML that runs as it is: the problem, and every other key as a comment. UsageError: no such problem.

    `written` is the problem as the file has to name it, where that lies in another folder.
    """
    spec = Spec(problem=problem)
    parts = [(SWEEP if sweep else EXPERIMENT) + HEAD]
    for field in fields(Spec):
        key = f"#{field.name}" if field.name != "problem" else field.name
        values = {"problem": written or problem, "algorithm": spec.algorithm}
        line = f"{key} = {_toml(values.get(field.name, _value(field)))}"
        parts.append("\n".join([f"# {field.metadata['help']}", *_allowed(field.name, spec), line, ""]))
    if sweep:
        parts += [f"# {own.help}\n#{key} = {_toml(own.example)}\n" for key, own in OWN_KEYS.items()]
    return "\n".join(parts)


def _value(field: Field[Any]) -> Any:
    return field.default if field.metadata["example"] is None else field.metadata["example"]


def _allowed(name: str, spec: Spec) -> Iterator[str]:
    """Lines about what the field takes, where its help does not say so."""
    if name in FAMILIES:
        family = FAMILIES[name]
        names = f"One of: {', '.join([*catalog.names(family), *catalog.offered(family)])}."
        yield from textwrap.wrap(names, WIDTH, initial_indent="#   ", subsequent_indent="#   ", break_on_hyphens=False)
        yield f"#   Options, written NAME:key=value,key=value: hybrid show {catalog.FAMILIES[family]} NAME."
    elif name in WHOLE:
        yield f"#   A whole number, {WHOLE[name]} or more."
    if name == "problem" and (member := spec.member(name)) is not None:
        for option in member.signature.options.values():
            default = "required" if option.required else f"default {option.default_text}"
            yield f"#     {option.name}: {option.takes}; {default}"


def _toml(value: Any) -> str:
    """A text, a number or a list as TOML, which here is written as JSON is."""
    return json.dumps(value, ensure_ascii=False)
