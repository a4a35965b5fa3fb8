"""The JSON Schemas of experiment and sweep files, made of the fields of the Spec and the signatures of the members.

What only a run can know is not in them: whether files are there, what members say to their options and to each other.
"""

from collections.abc import Sequence
from dataclasses import Field, fields
from typing import Any

from hybrid.catalog import patterns
from hybrid.catalog.chain import FAMILY, NONE
from hybrid.catalog.patterns import Spelling
from hybrid.device.options import DEPHASING
from hybrid.device.schema import DRAFT, Schema, device_patterns
from hybrid.measure.choices import WORDS
from hybrid.runs.axes import OWN_KEYS
from hybrid.runs.spec import DURATION, MEMBERS, SECONDS, WHOLE, Spec

_TIME = rf"(?!0+(?:\.0+)?\s*(?:[a-z]|,|$)){DURATION}\s*(?:{'|'.join(filter(None, SECONDS))})?"
_CHOICES = WORDS | {"dephasing": DEPHASING}


def experiment_schema() -> Schema:
    """The schema of an experiment file: one key for every field of a Spec."""
    about = "hybrid run FILE.toml runs it. Flags on the command line win over the file."
    return _file({field.name: _of_field(field.name) | _about(field) for field in fields(Spec)}, "Experiment of hybrid", about)


def sweep_schema() -> Schema:
    """The schema of a sweep's file: values may be lists and ranges, and it has keys of its own."""
    about = "hybrid sweep FILE.toml runs every combination of the values: a value, a list, or a text as 0..9 or 1,2,5."
    properties = {field.name: _several(field.name) | _about(field) for field in fields(Spec)}
    properties |= {key: _own(key) | {"description": own.help, "examples": [own.example]} for key, own in OWN_KEYS.items()}
    texts = {field.name: _text_of_several(field.name) for field in fields(Spec)}
    return _file(properties, "Sweep of hybrid", about) | {"$defs": texts}


def _file(properties: Schema, title: str, about: str) -> Schema:
    return {
        "$schema": DRAFT,
        "title": title,
        "description": about,
        "type": "object",
        "properties": properties,
        "required": ["problem"],
        "additionalProperties": False,
    }


def _about(field: Field[Any]) -> Schema:
    """What the field is, in the words of the flag, and its default, or an example where the start of a run chooses."""
    about, example = {"description": field.metadata["help"]}, field.metadata["example"]
    if example is not None:
        return about | {"examples": [[*example] if isinstance(example, tuple) else example]}
    return about if field.default == "" else about | {"default": field.default}


def _own(key: str) -> Schema:
    if key == "zip":
        return {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
    return {"type": "string"} if key == "label" else _alternatives(*_written("executors"))


def _of_field(name: str) -> Schema:
    """One value of a field."""
    if name in _CHOICES:
        return {"enum": [*_CHOICES[name]]}
    if name in WHOLE:
        return {"type": "integer", "minimum": WHOLE[name]}
    if name == "max_qpu":
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _text(rf"\s*{_TIME}\s*")]}
    if name == "initial_point":
        return {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "string", "minLength": 1}]}
    return _alternatives(*_written(name))


def _several(name: str) -> Schema:
    """A value of a field, a text of several values, or a list of such."""
    one = {"$ref": f"#/$defs/{name}"}
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _text_of_several(name: str) -> Schema:
    """A value of a field, or a text of several values."""
    one = _of_field(name)
    if name in _CHOICES:
        words = rf"\s*(?:{'|'.join(_CHOICES[name])})\s*"
        one = {"anyOf": [one, _text(f"{words}(?:,{words})*")]}
    elif name in WHOLE:
        one = {"anyOf": [one, _text(patterns.listed(r"[+-]?\d+"))]}
    elif name == "max_qpu":
        one = {"anyOf": [*one["anyOf"], _text(patterns.listed(_TIME))]}
    elif name != "initial_point":
        names, written = _written(name, several=True)
        before = rf"(?:\s*(?:{'|'.join(names)}|[^,:]*\.[A-Za-z][A-Za-z0-9]*)\s*,)*\s*"
        one = _alternatives(names, [way._replace(pattern=before + way.pattern) for way in written])
    return one


def _written(name: str, *, several: bool = False) -> tuple[Sequence[str], Sequence[Spelling]]:
    """The names that a field, or a family, takes without options, and all that it takes."""
    if name == "device":
        ways = device_patterns(several=several)
        return [way.name for way in ways if way.name], ways
    if name == "mitigate":
        ways = patterns.of_family(FAMILY, several=several, apart="+")
        method = rf"\s*(?:{'|'.join(way.pattern for way in ways)})\s*"
        in_a_row = Spelling("", rf"{method}(?:\+{method})*", "Methods in a row, joined by +.")
        return [NONE, *patterns.bare(FAMILY)], [*ways, in_a_row]
    family = MEMBERS.get(name, name)
    return patterns.bare(family), patterns.of_family(family, several=several)


def _alternatives(names: Sequence[str], ways: Sequence[Spelling]) -> Schema:
    """Names to choose from, and every other way to write the value, each with a line about it."""
    return {"anyOf": [{"enum": [*names]}, *(_text(way.pattern) | {"description": way.about} for way in ways)]}


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": patterns.whole_text(pattern)}
