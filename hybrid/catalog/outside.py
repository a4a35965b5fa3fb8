"""Python from outside the package: imported from a file, or by a module's name."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.files import check_file


def import_file(path: Path) -> ModuleType:
    """The module in a .py file, executed anew at every call."""
    path = path.resolve()
    spec = importlib.util.spec_from_file_location(f"hybrid_outside_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def named_object(text: str) -> Any:
    """The object `package.module:name` or `./mine.py:name`; UsageError says what is missing, or why importing failed."""
    head, _, name = text.partition(":")
    if not name:
        raise UsageError(f"'{shortened(text)}' names no object; write package.module:name or ./mine.py:name.")
    if head.endswith(".py"):
        check_file(Path(head))
    try:
        module = import_file(Path(head)) if head.endswith(".py") else importlib.import_module(head)
    except Exception as error:
        raise UsageError(f"'{shortened(head)}' cannot be imported: {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        raise unknown(f"name in {shortened(head)}:", name, [word for word in vars(module) if not word.startswith("_")])
    return getattr(module, name)
