"""`hybrid sample`: one circuit run, its outcomes as a histogram in the terminal."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybrid import catalog
from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli import completion
from hybrid.cli.layout import COLUMNS, emit, table, wrapped
from hybrid.cli.report import WIDTH, duration, physics, spaced
from hybrid.measure.choices import DD

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from hybrid.measure.sampling import Sample

HELP = """Run one circuit and count its outcomes: hybrid sample ghz:n=5, or a file in OpenQASM 2, OpenQASM 3 or QPY.

Outcomes read as Qiskit writes them: classical bit 0 on the right, registers apart. Named circuits: hybrid list circuits.
"""
ROWS = 16
"""Outcomes shown one by one; the rest is summed."""
CIRCUIT_SUFFIXES = (".qasm", ".qasm3", ".qpy")
"""As `hybrid.catalog.circuit_file.SUFFIXES`, which is not imported here because it loads Qiskit; a test holds them together."""


def sample_circuit(
    circuit: Annotated[
        str,
        typer.Argument(
            help="A named circuit with options, or a file.", metavar="CIRCUIT", autocompletion=completion.of_family("circuits")
        ),
    ],
    device: Annotated[
        str,
        typer.Option(
            help="Physics to stand in for. Default: ideal.",
            metavar="NAME[:k=v,...]",
            autocompletion=completion.of_family("devices"),
        ),
    ] = "ideal",
    dephasing: Annotated[
        str | None, typer.Option(help="quasistatic or markov; left out, what the device's profile says.", metavar="KIND")
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            help="Simulator. Default: aer.", metavar="NAME[:k=v,...]", autocompletion=completion.of_family("backends")
        ),
    ] = "aer",
    shots: Annotated[int, typer.Option(help="Default: 1000.", metavar="N")] = 1000,
    realizations: Annotated[
        int | None, typer.Option(help="Draws of quasi-static detunings; left out, 100.", metavar="N")
    ] = None,
    dd: Annotated[str, typer.Option(help="Dynamical decoupling: none, echo, xy4. Default: none.", metavar="SEQUENCE")] = "none",
    mitigate: Annotated[str, typer.Option(help="Error mitigation: none, readout. Default: none.", metavar="METHOD")] = "none",
    seed: Annotated[int, typer.Option(help="The one seed. Default: 0.", metavar="N")] = 0,
    threads: Annotated[int, typer.Option(help="Threads of the simulator. Default: 1.", metavar="N")] = 1,
    bind: Annotated[list[str] | None, typer.Option(help="Give a parameter its value; repeat it.", metavar="NAME=VALUE")] = None,
    draw: Annotated[bool, typer.Option("--draw", help="Print the circuit first.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the histogram (PNG or SVG).", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Sample and print."""
    given = {"device": device, "dephasing": dephasing, "backend": backend, "shots": shots, "realizations": realizations}
    given |= {"dd": dd, "mitigate": mitigate, "seed": seed, "threads": threads}
    sample_and_print(circuit, given, bind or [], draw, plot, as_json)


def sample_and_print(
    circuit: str, given: dict[str, Any], bindings: list[str], draw: bool, plot: Path | None, as_json: bool
) -> None:
    """What `hybrid sample` does, and `hybrid run` for a circuit file; `given` are arguments of `hybrid.sample`."""
    for name, least in (("shots", 1), ("realizations", 2), ("seed", 0), ("threads", 1)):
        if given.get(name) is not None and given[name] < least:
            raise UsageError(f"--{name} must be at least {least}, not {given[name]}.")
    if given.get("dd", "none") not in DD:
        raise unknown("dd", given["dd"], DD)
    if plot is not None:
        from hybrid.cli.pictures import need_matplotlib

        need_matplotlib()
    found = _circuit(circuit, bindings)
    from hybrid.measure.sampling import sample

    result = sample(found, **given)
    if plot is not None:
        from hybrid.figures.histogram import histogram

        histogram(result, circuit, plot)
    if as_json:
        emit(json.dumps(result.to_json()))
        return
    drawing = f"{found.draw('text', fold=COLUMNS)}\n\n" if draw else ""
    emit(drawing + text(result, circuit))


def _circuit(name: str, bindings: list[str]) -> "QuantumCircuit":
    """The circuit that the command line names, its parameters bound."""
    if is_circuit([name]):
        from hybrid.catalog.circuit_file import read_circuit

        found = read_circuit(Path(name))
    else:
        found = catalog.load(catalog.parse("circuits", name))()
    if bindings or found.num_parameters:
        from hybrid.catalog.circuit_file import bind

        found = bind(found, dict(_binding(item) for item in bindings))
    found.name = name
    return found


def _binding(item: str) -> tuple[str, float]:
    name, equals, value = item.partition("=")
    try:
        return name.strip(), float(value if equals else "")
    except ValueError:
        raise UsageError(f"--bind takes name=number, not '{shortened(item)}'.") from None


def text(result: "Sample", name: str) -> str:
    """The report: histogram, fidelity, what the circuit takes."""
    plural = "s" if result.shots > 1 else ""
    head = [
        physics(result.device, result.physics, result.simulator),
        wrapped(f"{spaced(name)}; {result.shots:,} shot{plural}, seed {result.seed}", indent=2),
    ]
    gates = ", ".join(f"{count} {gate}" for gate, count in sorted(result.native_gates.items()))
    rows = [
        *_fidelity_rows(result),
        ("gates", f"{gates}; depth {result.depth}, two-qubit depth {result.two_qubit_depth}"),
        ("qubits", "circuit qubit -> device qubit: " + " ".join(f"{v}->{q}" for v, q in enumerate(result.layout)))
        if result.layout != sorted(result.layout) or result.layout[0]
        else ("", ""),
        ("duration", _duration(result)),
        ("QPU time", f"{duration(result.qpu_seconds)} (shots x shot cycle; latency excluded)" if result.qpu_seconds else ""),
    ]
    return "\n".join(head) + f"\n\n{_histogram(result)}\n\n{table(rows, WIDTH)}\n\n{wrapped(result.caveat)}"


def _histogram(result: "Sample") -> str:
    """Most frequent first, the rest summed; the ideal probability beside each where it is known, and as a mark in the bar."""
    shown = list(result.counts.items())[:ROWS]
    wide = max(max(len(outcome) for outcome, _ in shown), 8)
    room = max(10, COLUMNS - wide - 32)
    ideal = result.ideal or {}
    scale = max([count / result.shots for _, count in shown] + [ideal.get(outcome, 0.0) for outcome, _ in shown])
    lines = [f"{'outcome':<{wide}} {'count':>7} {'found':>7}" + (f" {'ideal':>7}" if result.ideal is not None else "")]
    for outcome, count in shown:
        share = count / result.shots
        expected = f" {ideal.get(outcome, 0.0):7.4f}" if result.ideal is not None else ""
        bar = _bar(share, ideal.get(outcome), scale, room)
        lines.append(f"{outcome:<{wide}} {count:7d} {share:7.4f}{expected} {bar}".rstrip())
    rest = list(result.counts.items())[ROWS:]
    if rest:
        count = sum(n for _, n in rest)
        expected = f" {max(0.0, 1 - sum(ideal.get(o, 0.0) for o, _ in shown)):7.4f}" if result.ideal is not None else ""
        lines.append(f"{'the rest':<{wide}} {count:7d} {count / result.shots:7.4f}{expected} {len(rest)} other outcomes")
    return "\n".join(lines)


def _bar(share: float, expected: float | None, scale: float, room: int) -> str:
    """A bar of `#`, with `|` where the ideal probability lies."""
    cells = list("#" * round(share / scale * room) + " " * room)[:room]
    if expected is not None and expected > 0:
        cells[min(room - 1, max(0, round(expected / scale * room) - 1))] = "|"
    return "".join(cells).rstrip()


def _fidelity_rows(result: "Sample") -> list[tuple[str, str]]:
    if result.fidelity is None:
        return [("fidelity", "not known: the ideal distribution is not computed for this circuit")]
    found = with_uncertainty(result.fidelity, result.fidelity_stderr or 0.0, 4)
    rows = [("fidelity", f"{found}; as many perfect shots give {result.perfect_fidelity:.4f} on average")]
    if result.rescaled_fidelity is None:
        rows.append(("", "BLIND to noise: the ideal output is uniform, as that of a broken machine would be"))
    else:
        rows.append(("", f"{result.rescaled_fidelity:.4f} when as many uniform outcomes count as 0 and perfect ones as 1"))
    if result.mitigated_fidelity is not None:
        corrected = with_uncertainty(result.mitigated_fidelity, result.mitigated_fidelity_stderr or 0.0, 4)
        rows.append(("mitigated", f"{corrected}; assignment errors measured on the device and inverted"))
    return rows


def _duration(result: "Sample") -> str:
    if result.duration_s is None:
        return ""
    told = f"{result.duration_s * 1e6:.2f} us"
    if result.t2_star_s:
        share = result.duration_s / result.t2_star_s
        told += f", {share:.2f} of the shortest T2* among its qubits in such a circuit ({result.t2_star_s * 1e6:.2g} us)"
    return told


def is_circuit(words: list[str]) -> bool:
    """Whether `hybrid run` was given a circuit file and means `hybrid sample`."""
    return len(words) == 1 and Path(words[0].partition(":")[0]).suffix.lower() in CIRCUIT_SUFFIXES
