"""The flags that several verbs share, each written once, and how a command line is read."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

from hybrid.base.errors import UsageError
from hybrid.cli import completion, page_flags
from hybrid.cli.layout import emit

MEMBER = "NAME[:k=v,...]"
RESULTS = Path("results")
PICTURES = {".png", ".svg", ".pdf", ".jpg", ".jpeg", ".gif", ".eps", ".ps", ".tif", ".tiff", ".webp"}
"""Suffixes by which a word after `--plot` is known as its FILE; a verb then says which of them it can write."""
LEAST = {"shots": 1, "realizations": 2, "seed": 0, "threads": 1}
"""Flag -> the least number it takes."""

_DEVICE: dict[str, Any] = {"metavar": MEMBER, "autocompletion": completion.of_family("devices")}
_BACKEND: dict[str, Any] = {"metavar": MEMBER, "autocompletion": completion.of_family("backends")}

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print no progress and no notes on stderr.")]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", help="Draw it too: in FILE (.png, .svg or .pdf), or under a default name.", metavar="[FILE]"),
]
Label = Annotated[str | None, typer.Option("--label", help="Project that the run is booked on: hybrid runs account.")]
Results = Annotated[Path, typer.Option("--results", help="Folder of the records.", metavar="DIR")]
RunName = Annotated[
    str,
    typer.Argument(metavar="RUN", help="'latest', an id or its first digits, or a file.", autocompletion=completion.runs),
]
RunOrCircuit = Annotated[
    str,
    typer.Argument(
        metavar="RUN|CIRCUIT",
        help="A run: 'latest', an id or its first digits, or a file. Or a circuit, by name or as a file.",
        autocompletion=completion.runs,
    ),
]
DeviceName = Annotated[str, typer.Argument(help="The device to simulate.", **_DEVICE)]
DeviceFlag = Annotated[str, typer.Option("--device", help="The device to simulate.", **_DEVICE)]
DeviceOfCircuit = Annotated[
    str | None, typer.Option("--device", help="Of a circuit: the device. Default: meluxina-q.", **_DEVICE)
]
AnotherDevice = Annotated[str | None, typer.Option("--device", help="Device. Default: as recorded.", **_DEVICE)]
Backend = Annotated[str, typer.Option("--backend", help="Simulator.", **_BACKEND)]
AnotherBackend = Annotated[str | None, typer.Option("--backend", help="Simulator. Default: as recorded.", **_BACKEND)]
Dephasing = Annotated[
    str | None, typer.Option(help="quasistatic or markov. Default: as in the device's profile.", metavar="KIND")
]
Shots = Annotated[int, typer.Option(help="Shots of each circuit.", metavar="N")]
Realizations = Annotated[int | None, typer.Option(help="Draws of quasi-static detunings. Default: 100.", metavar="N")]
Seed = Annotated[int, typer.Option(help="The seed of all random numbers.", metavar="N")]
Threads = Annotated[int, typer.Option(help="Threads of the simulator.", metavar="N")]
ThreadsAsRecorded = Annotated[
    int | None, typer.Option("--threads", help="Threads of the simulator. Default: as recorded.", metavar="N")
]


def check_least(**numbers: int | None) -> None:
    """UsageError for a number below the least that its flag takes; None is a flag that was not given."""
    for name, number in numbers.items():
        if number is not None and number < LEAST[name]:
            raise UsageError(f"--{name} must be at least {LEAST[name]}, not {number}.")


def split_names(text: str | None) -> list[str] | None:
    """The names of `a,b`; None where nothing was given."""
    return None if text is None else [name.strip() for name in text.split(",")]


def command_of_verbs(help: str) -> tuple[typer.Typer, Callable[..., Any]]:
    """A command that has verbs of its own and prints its help without one, and the decorator that adds a verb."""
    app = typer.Typer(help=help, invoke_without_command=True, rich_markup_mode=None)

    def print_help(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            emit(context.get_help())

    app.callback()(print_help)
    return app, partial(app.command, cls=HybridCommand)


def takes(parameters: Mapping[str, tuple[Any, Any]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a function of any keywords with the parameters that Typer is to read: name -> annotation and default."""

    def with_signature(command: Callable[..., None]) -> Callable[..., None]:
        read = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for name, (annotation, default) in parameters.items()
        ]
        command.__signature__ = inspect.Signature(read)  # type: ignore[attr-defined]
        command.__annotations__ = {name: annotation for name, (annotation, _) in parameters.items()}
        return command

    return with_signature


class HybridCommand(TyperCommand):
    """Refuses a flag given twice, takes `--plot` with or without FILE and the flags of a picture, has `--debug`."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        debug = TyperOption(param_decls=["--debug"], is_flag=True, expose_value=False, help="Show the traceback of an error.")
        if self._draws():
            self.params += page_flags.options()
        self.params.append(debug)  # no verb reads it: `hybrid.cli.app` looks for it

    def _draws(self) -> bool:
        return self.name == "plot" or self._has_plot()

    def _has_plot(self) -> bool:
        return any(parameter.name == "plot" for parameter in self.params)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As the parent's; UsageError names the flag that is given twice."""
        if self._has_plot():
            args = _with_plot_file(args)
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        twice = [parameter for parameter in given if given.count(parameter) > 1 and not parameter.multiple]
        if twice and not ctx.resilient_parsing:  # a completion may look at a line that is not finished
            raise UsageError(f"{twice[0].opts[0]} is given twice.")
        page_flags.forget()
        rest = super().parse_args(ctx, args)
        if self._has_plot() and ctx.params["plot"] is None:
            page_flags.refuse()
        return rest


def _with_plot_file(args: list[str]) -> list[str]:
    """`--plot` that no picture's name follows becomes `--plot=`, an empty name."""
    is_picture = [Path(word).suffix.lower() in PICTURES for word in args]
    return ["--plot=" if word == "--plot" and not any(is_picture[i + 1 : i + 2]) else word for i, word in enumerate(args)]
