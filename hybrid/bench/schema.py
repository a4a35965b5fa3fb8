"""The JSON Schema of rows, and a check for the part of JSON Schema that it uses."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


@cache
def row_schema() -> dict[str, Any]:
    """The schema of one row."""
    return json.loads(Path(__file__).with_name("row.schema.json").read_text(encoding="utf-8"))


def complaint(value: Any, schema: dict[str, Any], key: str = "") -> str:
    """What is wrong with a value, and at which key; empty when it fits."""
    where = f"'{key}' " if key else "it "
    if "const" in schema and value != schema["const"]:
        return f"{where}is {value!r}, not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where}is {value!r}, not one of {', '.join(schema['enum'])}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return f"{where}is not of type {' or '.join(kinds)}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return f"{where}does not fit {schema['pattern']}"
    if _is(value, "number") and value < schema.get("minimum", value):
        return f"{where}is below {schema['minimum']}"
    if isinstance(value, list):
        return _first(complaint(entry, schema.get("items", {}), f"{key}[{i}]") for i, entry in enumerate(value))
    if isinstance(value, dict):
        return _of_object(value, schema, key)
    return ""


def _of_object(value: dict[str, Any], schema: dict[str, Any], key: str) -> str:
    missing = [name for name in schema.get("required", []) if name not in value]
    if missing:
        return f"'{_join(key, missing[0])}' is missing"
    known, other = schema.get("properties", {}), schema.get("additionalProperties", True)
    if other is False and (strange := sorted(set(value) - set(known))):
        return f"'{_join(key, strange[0])}' is unknown"
    rest = other if isinstance(other, dict) else {}
    return _first(complaint(entry, known.get(name, rest), _join(key, name)) for name, entry in value.items())


def _is(value: Any, kind: str) -> bool:
    """Whether a value is of a JSON type; true and false are not numbers."""
    return isinstance(value, TYPES[kind]) and (isinstance(value, bool) == (kind == "boolean"))


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _first(complaints: Any) -> str:
    return next(filter(None, complaints), "")
