"""The record of one run: append-only JSON lines `start`, `answer`..., `stop`. It is the checkpoint and the audit trail.

Where an answer takes several jobs, each job's result is a line `part` before it, so that no job is sent twice; its id is one at
its submission, without results. Parts are not in the digest: it does not depend on how an answer was divided into jobs.

Every line is `{"kind", "body", "meta", "sum"}`. The digest covers `body`; `meta` holds times, host and versions. `sum` is a
checksum of this line and all before it, so that a changed, missing or reordered line is detected. A last line without its
newline is incomplete (the process died while writing) and is dropped; any other damage is an error.
"""

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, final

from hybrid.base import json_lines
from hybrid.base.errors import Busy, RecordError, Stopped, UsageError, shortened
from hybrid.base.json_lines import dump
from hybrid.base.locks import lock, without_locks

SCHEMA = 1
SYNC_SECONDS = 3.0
"""So many seconds of finished work may be lost in a power cut; a killed process loses none."""
CHUNK, LONGEST = 2**13, 2**24
"""Bytes read at a time from either end of a record, and the most that a line may have."""


def line_sum(previous: str, kind: str, body: Any, meta: Any) -> str:
    """The `sum` of a line: a checksum of what it holds and of the `previous` line's (empty before the first one)."""
    return hashlib.sha256(f"{previous}{dump([kind, body, meta])}".encode()).hexdigest()[:16]


def lines(path: Path) -> Iterator[tuple[int, str, dict[str, Any], dict[str, Any], int]]:
    """Every line as (number, kind, body, meta, offset of its end), without an incomplete last one.

    RecordError names file and line of any other damage: no record line, a wrong checksum, another schema, a wrong order.
    """
    previous, offset, stopped = "", 0, False
    with os.fdopen(json_lines.open_plain(path, os.O_RDONLY), "rb") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.endswith(b"\n"):
                return
            offset += len(raw)
            kind, body, meta, checksum = _parsed(path, number, raw)
            if checksum != line_sum(previous, kind, body, meta):
                raise RecordError(
                    f"{path}:{number}: the checksum does not fit: this line or one before it was changed. Nothing was "
                    "overwritten; move the file away to run afresh."
                )
            expected = ("start",) if number == 1 else () if stopped else ("answer", "part", "stop")
            if kind not in expected:
                place = " or ".join(f"'{word}'" for word in expected) or "the end"
                raise RecordError(f"{path}:{number}: found a line '{kind}' where {place} belongs; nothing was changed.")
            if kind == "start":
                check_schema(path, body)
            stopped, previous = kind == "stop", checksum
            yield number, kind, body, meta, offset


def _parsed(path: Path, number: int, raw: bytes) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    """The four parts of a line; RecordError when it does not have them."""
    try:
        line = json_lines.load(raw)
        kind, body, meta, checksum = line["kind"], line["body"], line["meta"], line["sum"]
    except (ValueError, KeyError, TypeError, RecursionError):
        kind, body, meta, checksum = "", None, None, ""
    if not isinstance(body, dict) or not isinstance(meta, dict):
        raise RecordError(f"{path}:{number}: not a line of a record; nothing was changed.")
    return kind, body, meta, checksum


def check_schema(path: Path, start: dict[str, Any]) -> None:
    """RecordError when the start line is of another schema than this version reads."""
    if start.get("schema") != SCHEMA:
        raise RecordError(f"{path}:1: written with record schema {start.get('schema')}, this version reads {SCHEMA}.")


@final
class Record:
    """An open record: body and meta (`about`) of its start, `parts` of an unfinished answer, its stop, its `size`.

    `submitted`: the job that has no result yet, and what identifies its circuits. The `seconds` that all answers and parts
    took; the other processors than the start's that it was `continued_on`.
    """

    def __init__(self, path: Path) -> None:
        """Open or create `path` for this process alone, check every line and drop an incomplete last one.

        Raises Busy when another process works on it, RecordError when it is damaged, UsageError when it cannot be written.
        """
        self.path = path
        self.start: dict[str, Any] | None = None
        self.about: dict[str, Any] = {}
        self.stop: dict[str, Any] | None = None
        self.n_answers = 0
        self.parts: dict[str, Any] = {}
        self.submitted: tuple[str | None, str | None] = None, None
        self.healed = False
        self.seconds = 0.0
        self.continued_on: list[dict[str, str]] = []
        self.size = 0
        self._digest = hashlib.sha256()
        self._sum = ""
        self._synced, self._cores_s = time.monotonic(), time.process_time()
        self._made_folder = not path.parent.exists()
        if why := without_locks(path):
            raise UsageError(f"{path.parent}: {why}, so two hosts could write one record; choose --results DIR elsewhere.")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = json_lines.open_plain(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        except OSError as error:
            raise UsageError(
                f"{path.parent}: results cannot be written here ({error.strerror}); choose --results DIR."
            ) from None
        try:
            self._lock()
            self._read()
        except BaseException:
            os.close(self._file)
            raise

    def _lock(self) -> None:
        try:
            locked = lock(self._file)
        except OSError as error:
            raise UsageError(
                f"{self.path.parent}: this file system cannot lock files ({error.strerror}); choose --results DIR elsewhere."
            ) from None
        if not locked:
            raise Busy(f"{self.path}: another process is working on this run; nothing was done here.")

    def _read(self) -> None:
        for _, kind, body, meta, offset in lines(self.path):
            self._take(kind, body, meta)
            self.about = meta if kind == "start" else self.about
            self._sum, self.size = line_sum(self._sum, kind, body, meta), offset
        if json_lines.check_incomplete(self.path, self._file, self.size, b'{"body":'):
            os.ftruncate(self._file, self.size)
            self.healed = True

    def _take(self, kind: str, body: dict[str, Any], meta: dict[str, Any]) -> None:
        if kind == "stop":
            self.stop = body
        elif kind == "part":
            self.parts |= body
            self.submitted = meta.get("submitted"), meta.get("of")
        elif kind == "start":
            self.start = body
        else:
            self.n_answers += 1
            self.parts = {}
        if kind in ("answer", "part"):
            self.seconds += meta.get("seconds", 0.0)
            if meta.get("continued_on") not in (None, *self.continued_on):
                self.continued_on.append(meta["continued_on"])
        if kind in ("start", "answer"):
            self._digest.update(digest_part(body))

    def answers(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Line number and body of every recorded answer, in order, read from the file as they are needed."""
        return ((number, body) for number, kind, body, _, _ in lines(self.path) if kind == "answer")

    def append(self, kind: str, body: dict[str, Any], meta: dict[str, Any]) -> None:
        """Write one line and flush it; sync every few seconds, a part and the stop at once. Stopped when the disk is full.

        The line's meta says how many seconds of processors this process has used since its line before.
        """
        spent = time.process_time()
        meta = meta | {"core_seconds": round(spent - self._cores_s, 6)}
        checksum = line_sum(self._sum, kind, body, meta)
        line = {"kind": kind, "body": body, "meta": meta, "sum": checksum}
        sync = kind in ("part", "stop") or time.monotonic() - self._synced > SYNC_SECONDS
        try:
            length = json_lines.append(self._file, self.size, line, sync=sync)
        except OSError as error:
            raise Stopped(
                f"{self.path}: writing failed ({error.strerror}). {self.n_answers} answers are saved; make room and give the "
                "same command to continue."
            ) from None
        self._sum, self._cores_s = checksum, spent
        self.size += length
        self._synced = time.monotonic() if sync else self._synced
        self._take(kind, body, meta)

    def digest(self, solution: dict[str, Any]) -> str:
        """sha256 over the start, every answer and the solution; times, host, versions and paths are not in it."""
        final_digest = self._digest.copy()
        final_digest.update(dump(solution).encode())
        return final_digest.hexdigest()

    def close(self) -> str:
        """Close and unlock; a record without a line is removed, and so is a folder made for it.

        Where the file was removed or replaced meanwhile, it is written anew; says so in words, which are empty otherwise.
        """
        try:
            if self.size == 0 and os.fstat(self._file).st_size == 0:
                json_lines.remove(self.path)
                if self._made_folder and not any(self.path.parent.iterdir()):
                    self.path.parent.rmdir()
                return ""
            return "" if self._in_place() else self._written_anew()
        finally:
            os.close(self._file)

    def _in_place(self) -> bool:
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._file))
        except OSError:
            return False

    def _written_anew(self) -> str:
        """All lines under the old name, or beside another file that has it now."""
        free = (path for path in (self.path, self.path.with_suffix(f".{os.getpid()}.jsonl")) if not os.path.lexists(path))
        try:
            target = next(free)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy = json_lines.open_plain(target, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            with os.fdopen(copy, "wb") as file:
                for offset in range(0, self.size, LONGEST):
                    file.write(json_lines.read_at(self._file, min(LONGEST, self.size - offset), offset))
        except (OSError, StopIteration) as error:
            raise Stopped(f"{self.path}: was removed meanwhile, and cannot be written anew ({error}).") from None
        return f"{self.path}: was removed or replaced meanwhile; all of the record is in {target}."


def digest_part(body: dict[str, Any]) -> bytes:
    """What the start and every answer add to the digest."""
    return dump(body).encode() + b"\n"


def ends(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first and the last complete line, read without the lines between them and without checking checksums.

    RecordError says why the file is not a record.
    """
    try:
        file = os.open(path, os.O_RDONLY | json_lines.PLAIN)
        try:
            size = os.fstat(file).st_size
            head = _grown(file, size, 1, lambda length: 0)
            tail = _grown(file, size, 2, lambda length: max(0, size - length)) if size > len(head) else head
        finally:
            os.close(file)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror}).") from None
    first, last = head.partition(b"\n")[0], tail.rpartition(b"\n")[0].rpartition(b"\n")[2]
    return _end(path, "first", first, ["start"]), _end(path, "last", last, ["start", "answer", "part", "stop"])


def _grown(file: int, size: int, newlines: int, offset: Callable[[int], int]) -> bytes:
    """A part of the file, from `offset(length)` on, with so many newlines, or LONGEST bytes of it."""
    length = CHUNK
    while True:
        raw = json_lines.read_at(file, length, offset(length))
        if raw.count(b"\n") >= newlines or length >= min(size, LONGEST):
            return raw
        length *= 2


def _end(path: Path, which: str, raw: bytes, kinds: list[str]) -> dict[str, Any]:
    try:
        line = json_lines.load(raw)
        if line["kind"] in kinds and isinstance(line["body"], dict) and isinstance(line["meta"], dict):
            return line
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise RecordError(f"{path}: its {which} line is not that of a record.")


def written(path: Path) -> float:
    """When the record was written last, in seconds since 1970; -inf for a file that is not a record."""
    try:
        last = ends(path)[1]
    except RecordError:
        return -math.inf
    time_s = last["meta"].get("time", -math.inf) if last["kind"] == "stop" else path.stat().st_mtime
    return time_s if isinstance(time_s, int | float) else -math.inf


def find(folder: Path, name: str) -> Path:
    """The record named by `latest` (written last), an id or a unique prefix of an id; UsageError otherwise."""
    paths = sorted(folder.glob("*.jsonl"))
    if name == "latest":
        if not paths:
            raise UsageError(f"'latest': there are no runs in {folder}.")
        return max(paths, key=written)
    matches = [path for path in paths if path.stem == name] or [path for path in paths if path.stem.startswith(name)]
    if len(matches) != 1 or not name:
        shown = shortened(name)
        if matches:
            some = ", ".join(path.stem for path in matches[:4]) + (", ..." if len(matches) > 4 else "")
            raise UsageError(f"run '{shown}': the ids of {len(matches)} runs in {folder} start with it: {some}.")
        if not paths:
            raise UsageError(f"run '{shown}': there are no runs in {folder}.")
        close = get_close_matches(name, [path.stem[: max(len(name), 4)] for path in paths], n=1, cutoff=0.6)
        near = next((path.stem for path in paths if close and path.stem.startswith(close[0])), None)
        hint = f" Did you mean '{near}'?" if near else ""
        raise UsageError(f"run '{shown}': no run in {folder} has an id that starts with it.{hint} See: hybrid runs list.")
    return matches[0]


def final_point(path: Path) -> list[float]:
    """The last point of a run: the x of its solution, or of its last answer; UsageError when it has none yet."""
    x = None
    for _, kind, body, _, _ in lines(path):
        x = body["x"] if kind == "answer" else body["solution"]["x"] if kind == "stop" else x
    if x is None:
        raise UsageError(f"{path}: this run has no point yet.")
    return x
