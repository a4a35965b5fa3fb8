"""A rehearsal read back from JSON."""

from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hybrid.base.errors import RecordError
from hybrid.rehearsal.rehearsal import Rehearsal


def rehearsal_of(about: Any) -> Rehearsal:
    """The rehearsal of such an object; RecordError where it is not one."""
    try:
        return _made(Rehearsal, about)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"not a rehearsal of this version ({type(error).__name__}: {error}).") from None


def _made(kind: Any, value: Any) -> Any:
    """The value as its type says: objects become the data classes of the rehearsal, lists become tuples."""
    if value is None:
        return None
    if get_origin(kind) is UnionType:
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        each = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        return tuple(_made(one, item) for one, item in zip(each, value, strict=True))
    if isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields")):
        return kind(**{name: _made(hint, value[name]) for name, hint in get_type_hints(kind).items()})
    return value
