"""Names of a module that are imported from their home when they are first used (PEP 562)."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def names_from(module: str, names: Mapping[str, str]) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """`__all__`, `__getattr__` and `__dir__` of a module whose names live elsewhere: home -> names, separated by blanks."""
    homes = {name: home for home, several in names.items() for name in several.split()}

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module '{module}' has no attribute '{name}'")
        member = getattr(import_module(homes[name]), name)
        setattr(sys.modules[module], name, member)
        return member

    return sorted(homes), get, lambda: sorted(homes)
