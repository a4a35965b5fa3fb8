"""Scores of a device's profile: normalised as published, mirrors that reflect, and the stand-in's caveat everywhere."""

import json
import sys

import numpy as np
import pytest
from qiskit.quantum_info import Operator, Statevector

from hybrid import catalog, scoring
from hybrid.characterization import mirror as mirrors
from hybrid.characterization.bench import Bench
from hybrid.characterization.native import native
from hybrid.cli import bench_score
from hybrid.cli.app import main
from hybrid.device import Device
from hybrid.errors import UsageError
from hybrid.scoring import GRID, score


@pytest.mark.parametrize("name", GRID)
def test_every_circuit_of_the_grid_can_tell_noise_and_has_the_width_it_says(name):
    """(sum sqrt(p u))^2 of the exact distribution and the uniform one, far below 1 for all."""
    circuit = catalog.load(catalog.parse("circuits", name))()
    assert circuit.num_qubits == GRID[name]
    read = [circuit.find_bit(item.qubits[0]).index for item in circuit.data if item.operation.name == "measure"]
    exact = Statevector(circuit.remove_final_measurements(inplace=False)).probabilities(read)
    assert np.sqrt(exact / len(exact)).sum() ** 2 < 0.35


def test_ghz_of_three_scores_as_by_hand():
    """F_U = (2 sqrt(1/2 1/8))^2 = 1/4, and the score (F - 1/4)/(3/4)."""
    found = score("meluxina-q", only=["grid"], widest=3, shots=200)
    (ghz,) = found.grid
    assert ghz.uniform_fidelity == pytest.approx(0.25, abs=1e-12)  # rounding
    assert ghz.score == pytest.approx((ghz.fidelity - 0.25) / 0.75, abs=1e-12)
    assert ghz.score_stderr == pytest.approx(ghz.fidelity_stderr / 0.75, abs=1e-12)
    assert 0 < ghz.score < 1 and ghz.two_qubit_depth == 2
    assert set(found.left_out) == set(GRID) - {"ghz:n=3"} and not found.rows


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
    bench = Bench(Device.load(device), catalog.load(catalog.parse("backends", "aer"))(), 100, 1)
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
    short, long = score("meluxina-q", only=["mirror"]).rows
    assert 0.3 < short.value <= 1 and -0.2 < long.value < short.value - 0.1
    assert short.stderr is not None and short.detail == "2 qubits, 2 layers"


def test_refusals():
    with pytest.raises(UsageError, match="is perfect"):
        score("ideal")
    with pytest.raises(UsageError, match="unknown part of the score 'gird'"):
        score("meluxina-q", only=["gird"])


def run(monkeypatch, capsys, *given):
    monkeypatch.setattr(sys, "argv", ["hybrid", "bench", "score", *given])
    code = 0
    try:
        main()
    except SystemExit as left:
        code = left.code
    return code, capsys.readouterr()


def test_the_command(monkeypatch, capsys):
    words = ("meluxina-q", "--only", "grid", "--widest", "3", "--shots", "200")
    code, said = run(monkeypatch, capsys, *words)
    assert code == 0 and "Not a" in said.out and bench_score.CLAIM in said.out and "ghz:n=3 ..." in said.err
    assert all(len(line) <= 80 for line in said.out.splitlines())
    code, said = run(monkeypatch, capsys, *words, "--json", "--quiet")
    plain = json.loads(said.out)
    assert plain["caveat"] and plain["grid"][0]["circuit"] == "ghz:n=3" and not said.err
    code, said = run(monkeypatch, capsys, "meluxina-q", "--widest", "0")
    assert code == 2 and "--widest must be at least 1" in said.err
    assert bench_score.PARTS.split(", ") == list(scoring.PARTS)
