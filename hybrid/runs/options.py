"""The inputs of a run as one flat table, for axes, filters and tables of many runs."""

from collections.abc import Mapping
from typing import Any

MEMBERS = ("algorithm", "problem", "ansatz", "optimizer", "backend", "device")


def flattened(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Every input of a run as one flat table: its fields, and the options of its members as `problem.distance`."""
    flat: dict[str, Any] = {}
    for name, value in spec.items():
        flat[name] = value
        if name in MEMBERS and isinstance(value, str):
            head, _, rest = value.partition(":")
            flat[name] = head
            for item in filter(None, rest.split(",")):
                key, equals, option = item.partition("=")
                if equals:
                    flat[f"{name}.{key.rpartition(':')[2]}"] = number(option)
                else:
                    flat[name] += f":{item}"
    return flat


def number(text: str) -> Any:
    """The number that a text is, or the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
