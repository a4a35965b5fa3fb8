"""`hybrid explain CIRCUIT`: the parts add up to what is lost, each against a closed form or another simulator."""

import json
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from hybrid.base.errors import UsageError
from hybrid.compilation.noise import PARTS
from hybrid.device.device import Device
from hybrid.measure.sampling import sample
from hybrid.review.circuit_budget import Asked, explain_circuit
from hybrid.review.error_budget import INTERACTION

CIRCUITS = Path(__file__).parents[1] / "examples" / "circuits"
SEEDS = Path(__file__).parents[1] / "seeds"
NAMES = ["bell", "ghz:n=4", str(CIRCUITS / "ghz_5.qasm"), "graph_state:n=3"]


@pytest.mark.parametrize("name", NAMES)
def test_the_parts_add_up_to_what_is_lost(name):
    found = explain_circuit(name, asked=Asked())
    assert {part.name for part in found.contributions} == {*PARTS, INTERACTION}
    assert sum(part.value for part in found.contributions) == pytest.approx(1 - found.fidelity.value, abs=1e-12)  # rounding
    sizes = [part.size for part in found.contributions]
    assert sizes == sorted(sizes, reverse=True)


def test_the_fidelity_is_that_of_many_shots():
    """Detunings and 100,000 shots of another seed; z < 4, once in 16,000. GHZ has two outcomes: no bias of empty bins."""
    found = explain_circuit("ghz:n=3", asked=Asked())
    shots = sample("ghz:n=3", device="meluxina-q", shots=100_000, seed=7, backend="exact", realizations=100)
    error = np.hypot(found.fidelity.stderr, shots.fidelity_stderr)
    assert abs(found.fidelity.value - shots.fidelity) < 4 * error


def test_readout_alone_is_a_product_of_its_rates():
    """Bell with readout errors only: 00 and 11 keep sqrt(p00) + sqrt(p11) over sqrt 2, by the device's rates."""
    found, device = explain_circuit("bell", asked=Asked()), Device.load("meluxina-q")
    rates = sample("bell", device="meluxina-q", shots=1).layout
    (a0, a1), (b0, b1) = ((device.readout_p01[q], device.readout_p10[q]) for q in rates)
    p00 = ((1 - a0) * (1 - b0) + a1 * b1) / 2
    p11 = ((1 - a1) * (1 - b1) + a0 * b0) / 2
    alone = next(part.alone for part in found.contributions if part.name == "readout")
    assert alone.value == pytest.approx(1 - (sqrt(p00) + sqrt(p11)) ** 2 / 2, abs=1e-12)


def test_a_backend_of_another_kind_finds_the_same():
    """Exact probabilities of two simulators at the same detunings."""
    one, other = (explain_circuit("bell", asked=Asked(backend=name, realizations=8)) for name in ("exact", "reference"))
    for a, b in zip(sorted(one.contributions), sorted(other.contributions), strict=True):
        assert (a.name, a.value) == (b.name, pytest.approx(b.value, abs=1e-9))


def test_what_cannot_be_explained_says_why():
    with pytest.raises(UsageError, match="device 'ideal' has no noise.*--device meluxina-q"):
        explain_circuit("bell", asked=Asked(device="ideal"))
    with pytest.raises(UsageError, match="read at their end"):
        explain_circuit(SEEDS / "teleportation_feed_forward.qasm", asked=Asked())


def test_the_command(command):
    done = command("explain", "ghz:n=3", "--device", "meluxina-q")
    told = json.loads(command("explain", "ghz:n=3", "--json").out)
    assert done.code == 0 and max(map(len, done.out.splitlines())) <= 80
    assert f"largest          {told['largest']}; " in done.out and "= 1 - fidelity" in done.out
    assert told["fidelity"]["value"] + sum(part["value"] for part in told["contributions"]) == pytest.approx(1, abs=1e-12)
    assert "hardly tells noise" in " ".join(command("explain", "qft:n=3").out.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("ghz:n=3 --device ideal", "has no noise"),
        ("ghz:n=3 --plot", "--plot draws the budget of a run"),
        ("ghz:n=3 --dd eco", "Did you mean 'echo'?"),
        ("latest --dd echo", "--dd goes with a circuit"),
        ("nope.qasm", "no such file"),
        ("ghz:m=3", "Allowed"),
    ],
)
def test_a_slip_is_one_line_and_exit_2(command, words, message):
    done = command("explain", *words.split())
    assert (done.code, done.out) == (2, "") and message in done.err and done.err.count("\n") == 1
