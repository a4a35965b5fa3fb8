"""Shapes in the annotations are checked while the tests run (not in production); the command line, called in this process."""

import gc
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import config, install_import_hook

CHECKED = (
    *("catalog.optimizers", "compilation.decoupling", "compilation.resources", "compilation.schedule"),
    *("compilation.transpile", "device.detuning", "device.readout", "measure.angles", "measure.compile"),
    *("measure.estimate", "measure.execution", "measure.grouping", "measure.compiled_query", "measure.mitigation.readout"),
    *("measure.observables", "measure.program", "runs.loop", "runs.loss"),
)
settings.register_profile(
    "same everywhere", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)  # a busy machine is no counterexample, and what fails once fails again
settings.load_profile("same everywhere")
gc.set_threshold(50_000, 5, 2)  # looking through what Qiskit keeps, every 700 objects, takes up to a tenth of the time
install_import_hook([f"hybrid.{name}" for name in CHECKED], "beartype.beartype")


@pytest.fixture
def repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of the same calls, whose shapes other tests check: the check would take twice as long as the calls."""
    monkeypatch.setattr(config, "jaxtyping_disable", True)


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """`hybrid WORDS`, run in this process."""
    from hybrid.cli.app import main

    def run(*words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["hybrid", *map(str, words)])
        monkeypatch.setattr(sys, "path", [*sys.path])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        return Outcome(code, *capsys.readouterr())

    return run
