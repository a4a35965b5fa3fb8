"""The text of a division into two parts."""

from collections.abc import Sequence


def parts_text(names: Sequence[str], outcome: int) -> str:
    """{the first one's part | the other part}, names in order."""
    side = [outcome >> q & 1 for q in range(len(names))]
    parts = (" ".join(name for name, s in zip(names, side, strict=True) if s == first) for first in (side[0], 1 - side[0]))
    return f"{{{'} | {'.join(parts)}}}"
