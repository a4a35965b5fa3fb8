"""`hybrid sample`: one circuit run, its outcomes as a histogram in the terminal."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli import completion, flags
from hybrid.cli.layout import COLUMNS, emit, table, wrapped
from hybrid.cli.machine_time import machine_time
from hybrid.cli.page_flags import page
from hybrid.cli.pictures import picture, say
from hybrid.cli.progress import Display
from hybrid.cli.report import WIDTH, physics, spaced
from hybrid.measure.choices import DD

if TYPE_CHECKING:
    from hybrid.measure.sampling import Sample

HELP = """Run one circuit and count its outcomes: hybrid sample ghz:n=5, or a file in OpenQASM 2, OpenQASM 3 or QPY.

Outcomes read as Qiskit writes them: classical bit 0 on the right, registers apart. Named circuits: hybrid list circuits.
"""
ROWS = 16
"""Outcomes listed one by one; the others are summed."""
CIRCUIT_SUFFIXES = (".qasm", ".qasm3", ".qpy")
"""As `hybrid.catalog.circuit_file.SUFFIXES`, which is not imported here because it loads Qiskit; a test holds them together."""


Bind = Annotated[
    list[str],
    typer.Option("--bind", help="Give a free parameter of the circuit its value. Repeatable.", metavar="NAME=VALUE"),
]
Dd = Annotated[str, typer.Option("--dd", help=f"Dynamical decoupling: {', '.join(DD)}.", metavar="SEQUENCE")]
MeasureAll = Annotated[bool, typer.Option("--measure-all", help="Read every qubit of a circuit that measures nothing.")]
Level = Annotated[int, typer.Option("--optimization-level", help="Of Qiskit's transpiler, 0 to 3.", metavar="N")]
Draw = Annotated[bool, typer.Option("--draw", help="Print the circuit first.")]


def sample_circuit(
    circuit: Annotated[
        str,
        typer.Argument(
            help="A named circuit with options, or a file.", metavar="CIRCUIT", autocompletion=completion.of_family("circuits")
        ),
    ],
    device: flags.DeviceFlag = "ideal",
    dephasing: flags.Dephasing = None,
    backend: flags.Backend = "aer",
    shots: flags.Shots = 1000,
    realizations: flags.Realizations = None,
    dd: Dd = "none",
    mitigate: Annotated[
        str, typer.Option(help="Error mitigation: readout, twirl, or readout+twirl.", metavar="METHOD")
    ] = "none",
    seed: flags.Seed = 0,
    threads: flags.Threads = 1,
    bind: Bind = [],  # noqa: B006  # typer makes a new list for every call
    measure_all: MeasureAll = False,
    optimization_level: Level = 2,
    draw: Draw = False,
    plot: flags.Plot = None,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Sample and print."""
    given = {"device": device, "dephasing": dephasing, "backend": backend, "shots": shots, "realizations": realizations}
    given |= {"dd": dd, "mitigate": mitigate, "seed": seed, "threads": threads, "measure_all": measure_all}
    given |= {"optimization_level": optimization_level}
    sample_and_print(circuit, given, bind, draw, plot, as_json, quiet)


def sample_and_print(
    name: str, given: dict[str, Any], bind: list[str], draw: bool, plot: Path | None, as_json: bool, quiet: bool
) -> None:
    """What `hybrid sample` does, and `hybrid run` for a circuit file; `given` are arguments of `hybrid.sample`."""
    flags.check_least(**{flag: given.get(flag) for flag in flags.LEAST})
    if given.get("dd", "none") not in DD:
        raise unknown("dd", given["dd"], DD)
    values = bindings(bind)
    target = picture(plot, Path(f"{Path(name.partition(':')[0]).stem}.png"))
    with Display(sys.stderr, quiet=quiet) as display:
        display.work("compiling and running the circuit")
        from hybrid.measure.sampling import named_circuit, sample

        circuit = named_circuit(name, values)
        result = sample(circuit, **given)
    if target is not None:
        from hybrid.figures.histogram import histogram

        histogram(result, name, target, page())
        say(f"drawn: {target}", quiet)
    if as_json:
        emit(json.dumps(result.to_json()))
        return
    drawing = f"{circuit.draw('text', fold=COLUMNS)}\n\n" if draw else ""
    emit(drawing + text(result, name))


def bindings(items: list[str]) -> dict[str, float]:
    """The values of `--bind`, by the names of their parameters; UsageError for what is not NAME=VALUE."""
    return dict(map(_binding, items))


def _binding(item: str) -> tuple[str, float]:
    name, equals, value = item.partition("=")
    try:
        return name.strip(), float(value if equals else "")
    except ValueError:
        raise UsageError(f"--bind takes name=number, not '{shortened(item)}'.") from None


def text(result: "Sample", name: str) -> str:
    """The report: histogram, fidelity, what the circuit takes."""
    shots = "1 shot" if result.shots == 1 else f"{result.shots:,} shots"
    head = [
        physics(result.device, result.physics, result.simulator),
        wrapped(f"{spaced(name)}; {shots}, seed {result.seed}", indent=2),
    ]
    gates = ", ".join(f"{count} {gate}" for gate, count in sorted(result.native_gates.items()))
    rows = [
        *_fidelity_rows(result),
        ("gates", f"{gates}; depth {result.depth}, two-qubit depth {result.two_qubit_depth}"),
        ("qubits", "circuit qubit -> device qubit: " + " ".join(f"{v}->{q}" for v, q in enumerate(result.layout)))
        if result.layout != sorted(result.layout) or result.layout[0]
        else ("", ""),
        ("duration", _duration(result)),
        *machine_time(result.qpu_seconds, result.billed),
    ]
    return "\n".join(head) + f"\n\n{_histogram(result)}\n\n{table(rows, WIDTH)}\n\n{wrapped(result.caveat)}"


def _histogram(result: "Sample") -> str:
    """Most frequent first, the others summed; beside each the ideal probability where it is known, marked in the bar too."""
    shown = list(result.counts.items())[:ROWS]
    wide = max(max(len(outcome) for outcome, _ in shown), 8)
    room = max(10, COLUMNS - wide - 32)
    ideal = result.ideal or {}
    scale = max([count / result.shots for _, count in shown] + [ideal.get(outcome, 0.0) for outcome, _ in shown])
    lines = [f"{'outcome':<{wide}} {'count':>7} {'share':>7}" + (f" {'ideal':>7}" if result.ideal is not None else "")]
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
    fidelity = with_uncertainty(result.fidelity, result.fidelity_stderr or 0.0, 4)
    rows = [("fidelity", f"{fidelity}; as many shots without noise give {result.perfect_fidelity:.4f} on average")]
    if result.rescaled_fidelity is None:
        rows.append(("", "BLIND to noise: the ideal distribution is uniform, as that of a broken machine would be"))
    else:
        rows.append(("", f"{result.rescaled_fidelity:.4f} on a scale where uniform outcomes give 0 and shots without noise 1"))
    if result.mitigated_fidelity is not None:
        corrected = with_uncertainty(result.mitigated_fidelity, result.mitigated_fidelity_stderr or 0.0, 4)
        rows.append(("mitigated", f"{corrected}; assignment errors measured on the device and inverted"))
    return rows


def _duration(result: "Sample") -> str:
    if result.duration_s is None:
        return ""
    text = f"{result.duration_s * 1e6:.2f} us"
    if result.t2_star_s:
        share = result.duration_s / result.t2_star_s
        text += f", {share:.2f} of the shortest T2* of its qubits in such a circuit ({result.t2_star_s * 1e6:.2g} us)"
    return text


def is_circuit(words: list[str]) -> bool:
    """Whether `hybrid run` was given a circuit file and means `hybrid sample`."""
    return len(words) == 1 and Path(words[0].partition(":")[0]).suffix.lower() in CIRCUIT_SUFFIXES
