"""JSON files of numbers: no repeated keys, no infinities, every error names the file and the line or entry."""

import json
import math
from pathlib import Path
from typing import Any

from hybrid.base.errors import UsageError, shortened
from hybrid.base.files import read_text


def load_json(path: Path) -> Any:
    """The parsed file; UsageError with the line of a syntax error, for a repeated key, NaN or Infinity."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise UsageError(f"{path}: the key '{shortened(twice)}' is given twice.")
        return table

    def refuse(word: str) -> None:
        raise UsageError(f"{path}: '{word}' is not a finite number.")

    try:
        return json.loads(read_text(path).removeprefix("\ufeff"), object_pairs_hook=unique, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}: not valid JSON: {error.msg}.") from None
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, and nesting without end
        raise UsageError(f"{path}: not valid JSON: {shortened(str(error))}.") from None


def number(where: str, what: str, value: Any) -> float:
    """The finite number `value`; UsageError naming `where` and `what` otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300 or not math.isfinite(value):
        raise UsageError(f"{where}: the {what} must be a finite number, not '{shortened(json.dumps(value))}'.")
    return float(value)
