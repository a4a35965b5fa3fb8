"""A QPY file read on trial, in a process of its own with little memory: a small file can ask for any amount at once.

This file is also the script of that process. It imports nothing of this package.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

MEMORY_BYTES = 2**29
"""More than the largest file of 8 MiB takes; the limit holds where the system knows one (not on Windows)."""
SECONDS = 20.0
TOO_MUCH = 3
"""Exit status of a trial that ran out of its memory; 0 says nothing of whether the file is right."""
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}


def complaint(content: bytes) -> str:
    """Why these bytes of a QPY file must not be read in this process; empty where they may, right or wrong."""
    words = [sys.executable, "-P", __file__]
    try:
        ended = subprocess.run(words, input=content, capture_output=True, env=os.environ | ONE_THREAD, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"reading it takes more than {SECONDS:g} s"
    if ended.returncode == TOO_MUCH or ended.returncode < 0:  # Rust aborts where it gets no memory
        return f"reading it takes more than {MEMORY_BYTES // 2**20} MiB of memory"
    return ""


def main() -> int:
    """Read what comes on stdin, within the limits."""
    import io

    from qiskit import qpy

    limit_memory()
    try:
        walk(qpy.load(io.BytesIO(sys.stdin.buffer.read())), set())
    except MemoryError:
        return TOO_MUCH
    except BaseException:  # the reader of the other process says it better
        return 0
    return 0


def limit_memory() -> None:
    """From now on this process gets at most `MEMORY_BYTES` more; a dump of its memory would be large."""
    try:
        import resource
    except ImportError:
        return
    with suppress(OSError, ValueError):
        held = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))


def walk(circuits: Iterable[Any], known: set[str]) -> None:
    """Look at every operation, blocks and definitions included: some of a file is read that late."""
    for circuit in circuits:
        for instruction in circuit.data:
            operation = instruction.operation
            walk(getattr(operation, "blocks", ()), known)
            if operation.name not in known:
                known.add(operation.name)
                walk(filter(None, [getattr(operation, "definition", None)]), known)


if __name__ == "__main__":
    sys.exit(main())
