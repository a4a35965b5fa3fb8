"""What is there is looked for once, and what is measured twice is measured once: each is a process that imports a simulator."""

import os

import pytest

from hybrid.bench.harness import Harness, ProcessOutcome

look, measure = Harness.probe, Harness.measure
found, measured = dict[object, ProcessOutcome](), dict[object, ProcessOutcome]()


def probe(self, backend):
    """As `Harness.probe`; what was not there is looked for again."""
    file = backend.signature.file
    where = *self.interpreters.items(), os.environ.get("PYTHONPATH")
    key = (file, file.stat().st_mtime_ns, backend.text(defaults=False), *where)
    outcome = found.get(key) or look(self, backend)
    if outcome.status == "ok":
        found[key] = outcome
    return outcome


@pytest.fixture
def probed_once(monkeypatch):
    """For the test that asks for it, or for a module that says so in `pytestmark`."""
    monkeypatch.setattr(Harness, "probe", probe)


@pytest.fixture
def measured_once(monkeypatch, probed_once):
    """Also what one cell of the built-in simulators takes, for pages that show the same measurement."""

    def call(self, cell, *, repeat=True):
        key = cell.id, repeat
        if key not in measured or "/" in cell.backend.text(defaults=False):
            measured[key] = measure(self, cell, repeat=repeat)
        return measured[key]

    monkeypatch.setattr(Harness, "measure", call)
