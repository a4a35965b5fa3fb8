"""Shapes in the annotations are checked while the tests run (not in production); commands and scripts, run in this process."""

import functools
import gc
import importlib
import inspect
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy loads: threads that wait for each other take what tests need
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # the same for Aer
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # tests start some hundred processes: the first compiles this package for all

import jaxtyping
import pytest
import typer.main
from hypothesis import HealthCheck, settings
from jaxtyping import config, install_import_hook

CHECKED = (
    *("catalog.optimizers", "compilation.decoupling", "compilation.resources", "compilation.schedule"),
    *("compilation.transpile", "device.detuning", "device.readout", "measure.angles", "measure.compile"),
    *("measure.estimate", "measure.execution", "measure.grouping", "measure.compiled_query", "measure.assignment"),
    *("measure.observables", "measure.program", "runs.loop", "runs.loss"),
)
settings.register_profile(
    "same everywhere", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)  # a busy machine is no counterexample, and what fails once fails again
settings.load_profile("same everywhere")
gc.set_threshold(50_000, 5, 2)  # looking through what Qiskit keeps, every 700 objects, takes up to a tenth of the time
FIRST_CALLS, ONE_IN = 20, 16
"""Of each function in each test these first calls are checked, and of the later ones one in so many."""
calls: dict[Callable[..., Any], int] = {}
"""Checked function -> how often the running test has called it."""
jaxtyped = jaxtyping.jaxtyped


def sampled(fn: Any = None, *, typechecker: Any) -> Any:
    """As `jaxtyped`, which checks every call: some tests make the same one by the thousand."""
    if fn is None:
        return functools.partial(sampled, typechecker=typechecker)
    if not inspect.isfunction(fn):
        return jaxtyped(fn, typechecker=typechecker)
    if "<locals>" in fn.__qualname__:
        return fn  # made anew at each call of the function around it, and to prepare its check takes longer than that call
    checked = jaxtyped(fn, typechecker=typechecker)

    @functools.wraps(fn)
    def call(*args: Any, **words: Any) -> Any:
        calls[fn] = n = calls.get(fn, 0) + 1
        return (checked if n <= FIRST_CALLS or n % ONE_IN == 0 else fn)(*args, **words)

    return call


jaxtyping.jaxtyped = sampled
install_import_hook([f"hybrid.{name}" for name in CHECKED], "beartype.beartype")
harness = importlib.import_module("hybrid.bench.harness")  # after the hook
interval = importlib.import_module("hybrid.runs.device_interval")
harness.LOOP_SECONDS = 0.005  # every measured cell would take a quarter of a second more, for a precision that no test needs
interval.DEVICES, interval.LEAST_DEVICES = 8, 4  # hundreds of noisy runs draw devices; test_device_interval draws all of them
typer.main.get_command = functools.cache(typer.main.get_command)  # a process has one command line, built once


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Every test has first calls."""
    calls.clear()


@pytest.fixture
def repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of the same calls, whose shapes other tests check: the check would take twice as long as the calls."""
    monkeypatch.setattr(config, "jaxtyping_disable", True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """In place of `--dist load`, the default of `-n`: a worker takes whole files; what their tests share is made once."""
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is loaded by now stays: no later collection looks through it."""
    gc.collect()
    gc.freeze()


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@contextmanager
def captured(*words: object) -> Iterator[tuple[TextIOWrapper, TextIOWrapper]]:
    """stdout and stderr of code that reads WORDS as its command line; paths and the environment are as before afterwards."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    environment = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", [*map(str, words)])
        patch.setattr(sys, "path", [*sys.path])
        try:
            yield out, err
        finally:
            os.environ.clear()
            os.environ.update(environment)


def text_of(stream: TextIOWrapper) -> str:
    """What was written to it."""
    stream.seek(0)
    return stream.read()


def run_command(*words: object) -> Outcome:
    """`hybrid WORDS`, run in this process."""
    from hybrid.cli.app import main

    code = 0
    with captured("hybrid", *words) as (out, err):
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
    return Outcome(code, text_of(out), text_of(err))


def run_script(path: Path, *words: object) -> str:
    """What `python PATH WORDS` prints, run in this process."""
    with captured(path, *words) as (out, _):
        sys.path.insert(0, str(path.parent))
        runpy.run_path(str(path), run_name="__main__")
    return text_of(out)


@pytest.fixture(scope="session")
def command() -> Callable[..., Outcome]:
    """`hybrid WORDS`, run in this process."""
    return run_command
