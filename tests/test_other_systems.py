"""What Linux has and others lack is taken away: every module can still be imported, and a run is recorded and locked.

This is no test on those systems: it shows that nothing of Linux is needed at import or on the way of a run.
"""

import ctypes
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from hybrid.base import machine
from hybrid.bench.rows import RowFile, read
from hybrid.runs.record import Record
from hybrid.runs.results_folder import glance

WITHOUT = """
import ctypes, importlib, os, pkgutil, signal, sys, types
import matplotlib.pyplot, numpy, qiskit, qiskit_aer, qiskit.qpy, scipy.optimize, threadpoolctl, typer.testing
# Of the library, what looks at the system:
import asyncio, concurrent.futures.process, multiprocessing.context, subprocess, tempfile

for name in ("fcntl", "resource", "termios", "pwd", "grp"):
    sys.modules[name] = None
of_linux = "O_NONBLOCK O_NOFOLLOW O_CLOEXEC pread pwrite sched_getaffinity sched_setaffinity sysconf killpg fork uname fchmod"
of_linux += " fchown chown getuid geteuid getpgid setsid mkfifo statvfs getloadavg fdatasync posix_fadvise nice set_blocking"
for name in of_linux.split():
    if hasattr(os, name):
        delattr(os, name)
for name in "SIGKILL SIGHUP SIGALRM SIGCHLD SIGPIPE SIGUSR1 setitimer ITIMER_REAL alarm pthread_sigmask pthread_kill".split():
    delattr(signal, name)
load = ctypes.CDLL

def loaded(name, *arguments, **words):
    if name is None:
        raise TypeError("Windows has no library without a name")
    return load(None if name == "ucrtbase" else name, *arguments, **words)

ctypes.CDLL = loaded
held = {}

def locking(file, mode, count):
    key = os.fstat(file).st_ino, os.lseek(file, 0, os.SEEK_CUR)
    if held.get(key, file) != file:
        raise PermissionError(13, "Permission denied")
    held[key] = file

sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
"""
IMPORTING = """
import hybrid
from hybrid.base.errors import MissingPart
for module in pkgutil.walk_packages(hybrid.__path__, "hybrid."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(sum(name.startswith("hybrid.") for name in sys.modules))
"""
RUNNING = """
import json, pathlib
from hybrid.base.errors import Stopped
from hybrid.runs.record import Record
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
spec = Spec(problem="h2", max_evals=3, backend="exact", seed=1)
folder = pathlib.Path(sys.argv[1])
print(json.dumps(run(spec, folder).digest))
path = folder / "other.jsonl"
first = Record(path)
try:
    Record(path)
except Stopped:
    print(json.dumps("kept apart"))
"""
COMMANDING = """
import os
from hybrid.cli.app import main
os.chdir(sys.argv[1])
open("own.lp", "w").write("Maximize\\n obj: 3 x + 5 y\\nSubject To\\n c: x + y <= 1\\nBinary\\n x y\\nEnd\\n")
words = ("run h2 --max-evals 2 --quiet", "run h2 --max-evals 2 --shots 10 --device meluxina-q --force", "runs list")
words += ("runs show latest", "sample bell", "sample bell --device meluxina-q", "schedule bell", "run own.lp --max-evals 1")
for line in (*words, "bench plan --workload ghz:n=2 --backend exact"):
    sys.argv = ["hybrid", *line.split()]
    try:
        main()
    except SystemExit as left:
        assert left.code in (0, 3, 69), (line, left.code)  # 69: an extra is not installed
print("all")
"""


def without_linux(code: str, *words: object) -> str:
    """What the code prints, in a process that lacks what only Linux, or only POSIX, has."""
    line = [sys.executable, "-c", WITHOUT + code, *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_is_imported():
    assert int(without_linux(IMPORTING)) > 200


def test_a_run_is_recorded_and_locked(tmp_path):
    from hybrid.runs.run import run
    from hybrid.runs.spec import Spec

    digest, apart = map(json.loads, without_linux(RUNNING, tmp_path / "there").splitlines())
    here = run(Spec(problem="h2", max_evals=3, backend="exact", seed=1), tmp_path / "here")
    assert (digest, apart) == (here.digest, "kept apart")


@pytest.mark.slow
def test_commands(tmp_path):
    assert without_linux(COMMANDING, tmp_path).splitlines()[-1] == "all"


def test_an_empty_file_that_is_open_stays_on_windows(tmp_path, monkeypatch):
    def refuse(path, missing_ok=False):
        raise PermissionError(13, "in use", str(path))

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    Record(tmp_path / "a.jsonl").close()
    with RowFile(tmp_path / "b.jsonl"):
        pass
    monkeypatch.undo()
    assert glance(tmp_path / "a.jsonl").state == "unfinished" and read(tmp_path / "b.jsonl") == []


def test_memory_as_windows_tells_it(monkeypatch):
    def fill(status):
        status._obj[1], status._obj[2] = 2**34, 2**33

    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=SimpleNamespace(GlobalMemoryStatusEx=fill)), raising=False)
    monkeypatch.delattr("os.sysconf")
    assert machine._without_proc() == (2**34, 2**33)


def test_a_parent_is_no_reason_to_end_where_nothing_can_watch_it(monkeypatch):
    """Windows: `CDLL(None)` is an error of its type."""

    def refuse(name):
        raise TypeError(name)

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    machine.die_with(-1)


@pytest.mark.parametrize("allowed", [{0}, {0, 3, 5}])
def test_processors(monkeypatch, allowed):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: allowed)
    assert machine.cores() == len(allowed)
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    assert machine.cores() == 7
