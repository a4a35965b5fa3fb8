"""Records and rows of benchmarks, which checksums cover: read only as they were written, by the json module's own reading."""

import json
from pathlib import Path
from typing import Any

from readers import need


def _lines(path: Path) -> list[dict[str, Any]]:
    """What of the file is whole lines of JSON; a last one may be cut off."""
    found = []
    for line in path.read_bytes().split(b"\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


def record(path: Path, found: Any) -> None:
    """The start, the answers and the end, as far as they are there."""
    whole = _lines(path)
    bodies = {kind: [line["body"] for line in whole if line["kind"] == kind] for kind in ("start", "answer", "stop")}
    need(found.start == bodies["start"][0] and found.answers == bodies["answer"], "other answers")
    assert found.stop in (None, *bodies["stop"])


def rows(path: Path, found: list[dict[str, Any]]) -> None:
    """Every row."""
    assert found == _lines(path)
