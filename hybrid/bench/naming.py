"""Names of backends, workloads and machines in pictures and pages, and the selection of rows by them.

Rows may come from files of other people: no text in them is trusted to name a member that exists here.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.bench.rows import NULL_SUITE, Row
from hybrid.bench.summary import Figure

WIDTHS = ("n", "bits")
DEPTHS = ("depth", "steps", "reps", "p")
"""Options of workloads that give width and depth."""
SELF_EVIDENT = ("method", "precision", "path")
"""Options of backends whose value needs no key."""
SHORT = {"matrix_product_state": "MPS", "extended_stabilizer": "ext. stabilizer"}
Cell = dict[str, Any]


def split(text: str) -> tuple[str, dict[str, str]]:
    """The member's name, without the file or package of an outside one, and the options that are written out."""
    head, _, rest = text.partition(":")
    if "#" in head and "@" not in head and rest:  # fingerprint of a file, then its function
        head, _, rest = rest.partition(":")
    head = head.partition("@")[0]  # what a package offers
    pairs = (item.partition("=") for item in rest.split(",") if item)
    return head, {key: value for key, _, value in pairs}


def backend(cell: Cell) -> str:
    """`aer:bond=4 rebuilt x2`: the backend, a call path other than compiled, threads above one."""
    name, options = split(cell["backend"])
    body = ",".join(f"{key}={value}" for key, value in options.items())
    path = "" if cell["path"] == "compiled" else f" {cell['path']}"
    threads = f" x{cell['threads']}" if cell["threads"] > 1 else ""
    return f"{name}{':' if body else ''}{body}{path}{threads}"


def brief(cell: Cell) -> str:
    """`aer MPS bond=4`: the same, shorter, for reading and not for a command line."""
    name, options = split(cell["backend"])
    words = [value if key in SELF_EVIDENT else f"{key}={value}" for key, value in options.items()]
    path = [cell["path"]] if cell["path"] != "compiled" else []
    threads = [f"x{cell['threads']}"] if cell["threads"] > 1 else []
    return " ".join([name, *(SHORT.get(word, word.replace("_", " ")) for word in words), *path, *threads])


def workload(cell: Cell) -> str:
    """`su4_brick:n=4,depth=2`; where the options leave the width out, with the number of qubits after it."""
    name, options = split(cell["workload"])
    text = _joined(name, options, leave_out=())
    return text if set(WIDTHS) & set(options) else f"{text} ({cell['n_qubits']} qubits)"


def family(cell: Cell) -> str:
    """The workload without its width."""
    return _joined(*split(cell["workload"]), leave_out=WIDTHS)


def shape(cell: Cell) -> str:
    """The workload without width and depth."""
    return _joined(*split(cell["workload"]), leave_out=(*WIDTHS, *DEPTHS))


def _joined(name: str, options: dict[str, str], leave_out: Sequence[str]) -> str:
    body = ",".join(f"{key}={value}" for key, value in options.items() if key not in leave_out)
    return f"{name}:{body}" if body else name


def depth(cell: Cell) -> int | None:
    """The depth from the workload's options or their defaults; None where it has none."""
    name, written = split(cell["workload"])
    options: dict[str, Any] = written
    if name in catalog.names("workloads") and cell["workload"].startswith(name):
        options = {key: option.default for key, option in catalog.locate("workloads", name).options.items()} | written
    value = next((options[key] for key in DEPTHS if key in options), None)
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else None


def machines(results: Iterable[Figure]) -> dict[str, list[Figure]]:
    """Figures by machine, `host (processor)`; of a cell that was measured in several environments there, the newest."""
    by_machine: dict[str, dict[str, Figure]] = {}
    for figure in results:
        about = figure.environment
        newest = by_machine.setdefault(f"{about['host']} ({about['cpu']})", {})
        key = figure.rows[0]["cell_id"]
        if key not in newest or figure.rows[-1]["time"] > newest[key].rows[-1]["time"]:
            newest[key] = figure
    return {name: list(cells.values()) for name, cells in by_machine.items()}


def of_machine(results: Iterable[Figure], host: str | None) -> list[Figure]:
    """The figures of one machine; UsageError where there are several and none is named, and for an unknown one."""
    by_machine = machines(results)
    if not by_machine:
        raise UsageError("these rows hold no results: there is nothing to draw.")
    hosts = {figures[0].environment["host"]: figures for figures in by_machine.values()}
    if host is not None:
        if host not in hosts:
            raise unknown("host in these rows", host, hosts)
        if len([name for name, figures in by_machine.items() if figures[0].environment["host"] == host]) == 1:
            return hosts[host]
    elif len(by_machine) == 1:
        return next(iter(by_machine.values()))
    raise UsageError(
        f"measured on {len(by_machine)} machines: {', '.join(by_machine)}. Times of different machines are not drawn together; "
        "name one with --host, or give its rows alone."
    )


def only(rows: Sequence[Row], workloads: Sequence[str], backends: Sequence[str]) -> list[Row]:
    """Rows of these workloads and backends; all where none is given, and those of an A/A run in any case.

    A workload's name is all of its rows; a backend's is the one without options where there is one (`aer`), else any of that
    name; names as pictures write them are accepted, too. UsageError for a name that no row has.
    """
    results = [row for row in rows if not row["suite"].startswith(NULL_SUITE)]
    members = {row["cell"]["workload"]: split(row["cell"]["workload"])[0] for row in results}
    allowed = {text for name in workloads for text in _meant("workload", name.replace("-", "_"), members)}
    results = [row for row in results if not workloads or row["cell"]["workload"] in allowed]
    members = {backend(row["cell"]): split(row["cell"]["backend"])[0] for row in results}
    allowed = {text for name in backends for text in ({name} & set(members) or _meant("backend", name, members))}
    results = [row for row in results if not backends or backend(row["cell"]) in allowed]
    return [*results, *(row for row in rows if row["suite"].startswith(NULL_SUITE))]


def _meant(kind: str, name: str, members: dict[str, str]) -> set[str]:
    """Of the texts, those that are the name or whose member has it."""
    texts = {text for text, member in members.items() if name in (text, member)}
    if not texts:
        raise unknown(f"{kind} in these rows", name, {*members, *members.values()})
    return texts
