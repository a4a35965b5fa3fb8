"""What a device's profile is capable of: mirrors that reflect, and the stand-in's caveat everywhere."""

import json

import numpy as np
import pytest
from qiskit.quantum_info import Operator, Statevector

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.characterization import capability as capabilities
from hybrid.characterization import mirror as mirrors
from hybrid.characterization.apparatus import Apparatus
from hybrid.characterization.capability import capability
from hybrid.characterization.native import native
from hybrid.cli import bench_capability
from hybrid.device.device import Device


@pytest.mark.parametrize("seed", range(5))
def test_a_mirror_reads_one_outcome_for_certain(seed):
    """Compiled to pulses too, up to rounding; and not always the same outcome."""
    edges = [(0, 1), (1, 2), (2, 3)]
    circuit = mirrors.mirrored(4, 8, edges, np.random.default_rng(seed))
    assert Statevector(circuit).probabilities().max() == pytest.approx(1, abs=1e-9)
    pulses = native(circuit, Device.load("meluxina-q"))
    assert Operator(pulses).equiv(Operator(circuit))
    assert sum(item.operation.name == "cz" for item in circuit.data) >= 8  # one or two in each of 8 layers


def test_mirrors_end_in_many_outcomes():
    ends = {int(np.argmax(Statevector(mirrors.mirrored(3, 2, [(0, 1), (1, 2)], np.random.default_rng(k))))) for k in range(40)}
    assert len(ends) >= 6  # of 8 that are equally likely; all 40 miss three of them once in 1e7


@pytest.mark.parametrize("device", ["meluxina-q", "iqm-star-24", "iqm-lattice-54", "spin-sige-6q"])
def test_places_are_connected(device):
    bench = Apparatus(Device.load(device), catalog.load(catalog.parse("backends", "aer"))(), 100, 1)
    for width in (2, 4, 6):
        qubits, edges = mirrors.place(bench, width)
        assert len(set(qubits)) == width
        reached = {0}
        for _ in range(width):
            reached |= {b for a, b in edges if a in reached} | {a for a, b in edges if b in reached}
        assert reached == set(range(width))


def test_polarization_falls_with_depth(monkeypatch):
    """From 2 layers to 40, each with some per cent of error: the difference is tens of its standard errors."""
    monkeypatch.setattr(mirrors, "WIDTHS", (2,))
    monkeypatch.setattr(mirrors, "DEPTHS", (2, 40))
    monkeypatch.setattr(mirrors, "CIRCUITS", 4)
    short, long = capability("meluxina-q", only=["mirror"]).rows
    assert 0.3 < short.value <= 1 and -0.2 < long.value < short.value - 0.1
    assert short.stderr is not None and short.detail == "2 qubits, 2 layers"


def test_refusals():
    with pytest.raises(UsageError, match="is perfect"):
        capability("ideal")
    with pytest.raises(UsageError, match="unknown experiment 'miror'"):
        capability("meluxina-q", only=["miror"])


def run(command, *words):
    done = command("bench", "capability", *words)
    return done.code, done


def test_the_command(monkeypatch, command):
    for name, value in (("WIDTHS", (2,)), ("DEPTHS", (2,)), ("CIRCUITS", 2)):
        monkeypatch.setattr(mirrors, name, value)
    words = ("meluxina-q", "--only", "mirror", "--shots", "200")
    code, said = run(command, *words)
    assert code == 0 and "Not a" in said.out and bench_capability.CLAIM in said.out and "mirror ..." in said.err
    assert all(len(line) <= 80 for line in said.out.splitlines())
    code, said = run(command, *words, "--json", "--quiet")
    plain = json.loads(said.out)
    assert plain["caveat"] and plain["rows"][0]["experiment"] == "mirror" and not said.err
    code, said = run(command, "meluxina-q", "--shots", "0")
    assert code == 2 and "--shots must be at least 1" in said.err
    assert bench_capability.EXPERIMENTS.split(", ") == list(capabilities.EXPERIMENTS)
