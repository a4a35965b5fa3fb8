"""Names of a module that are imported from their home when they are first used (PEP 562)."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def names_from(module: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a module whose public names live in other modules: name -> module that defines it."""

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module '{module}' has no attribute '{name}'")
        member = getattr(import_module(homes[name]), name)
        setattr(sys.modules[module], name, member)
        return member

    return get, lambda: sorted(homes)
