"""One measurement in its own process, started as a script by any interpreter that has NumPy.

It reads `request.json` in the folder it is given and writes `report.json` there, replaced as a whole after every phase, so that
the parent knows how far a killed process came. Of this package only `bench.job`, `base.errors` and the adapter's own file are
imported, which need nothing but NumPy (a device's score takes all of it); the output of a simulator goes into a log and is
never read as an answer.
"""

import gc
import importlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

REPEATS = 5
ENOUGH_SECONDS = 1.0
"""No further loop is started after so many seconds of loops."""
COPY_QUBITS = 20
"""From here on a state vector is larger than most caches, and the memory bandwidth determines the time."""
COPY_BYTES = 2**27


def main(folder: Path) -> None:
    """Measure what the request asks for."""
    from hybrid.base.errors import MissingPart, UsageError
    from hybrid.base.machine import die_with

    request = json.loads((folder / "request.json").read_text())
    die_with(request["parent"])
    if request["affinity"]:
        os.sched_setaffinity(0, request["affinity"])
    report = WorkerReport(folder)
    try:
        measure(request, report)
    except MissingPart as error:
        report.end("unavailable", str(error))
    except ImportError as error:
        report.end("unavailable", error)
    except MemoryError as error:
        report.end("oom", error)
    except UsageError as error:  # in an import it is the command's mistake, later the simulator's refusal
        report.end("error" if report.content["phase"] == "import" else "unsupported", str(error))
    except Exception as error:
        report.end("error", error)


class WorkerReport:
    """The report so far, and its file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.content: dict[str, Any] = {"phase": "import", "phases": {}, "memory": {}}

    def begin(self, phase: str) -> None:
        """Record which phase runs now."""
        self.content["phase"] = phase
        self.save()

    def end(self, status: str, error: BaseException | str = "") -> None:
        """The final status, with the reason."""
        text = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else error
        self.content |= {"status": status, "note": text[:2000]}
        self.save()

    def save(self) -> None:
        """Replace the report in one step: also a killed process leaves a complete one."""
        draft = self._folder / "report.draft"
        draft.write_text(json.dumps(self.content))
        draft.replace(self._folder / "report.json")


def measure(request: dict[str, Any], report: WorkerReport) -> None:
    """Every phase in turn; a probe only imports, a score or evidence is computed once."""
    report.save()
    phases, clock = report.content["phases"], time.perf_counter
    began = clock()
    adapter = load(request["adapter"])
    versions = adapter.load()
    import numpy

    report.content["python"] = ".".join(map(str, sys.version_info[:3]))
    report.content["versions"] = {"numpy": numpy.__version__, **{str(k): str(v) for k, v in versions.items()}}
    phases["import_s"] = clock() - began
    scoring = "score" in request
    if not scoring and "job" not in request:
        report.end("ok")
        return
    from hybrid.bench.job import decode_job, encode_answer

    job = request["score"] if scoring else decode_job(request["job"])
    refusal = adapter.refusal(job)
    if refusal is not None:
        report.end("unsupported", refusal)
        return
    report.content["memory"]["baseline_bytes"] = reset_peak()
    if request.get("evidence"):
        report.begin("first")
        report.content["evidence"] = adapter.evidence(job)
        report.end("ok")
        return
    call = (lambda: adapter.score(job)) if scoring else prepared(adapter, job, request["path"], report)
    report.begin("first")
    first = timed(call, 1)
    phases["first_s"] = first.seconds
    if scoring:  # there is nothing to repeat
        report.content["memory"]["peak_bytes"] = status_bytes()
        report.content["score"] = first.answer
        report.end("ok")
        return
    answers = [encode_answer(first.answer)]
    if request["repeat"]:
        report.begin("repeat")
        answers += map(encode_answer, repeated(call, phases, request["loop_s"]))
    report.content["memory"]["peak_bytes"] = status_bytes()
    if job.n_qubits >= COPY_QUBITS and request["repeat"]:
        report.content["memory"]["copy_bytes_per_s"] = copy_rate(job.threads)
    report.content["answers"] = [answer for i, answer in enumerate(answers) if answer not in answers[:i]]
    report.end("ok")


def load(adapter: dict[str, Any]) -> Any:
    """The adapter with its options bound, its module found by name or by file."""
    if adapter["module"]:
        module = importlib.import_module(adapter["module"])
    else:
        spec = importlib.util.spec_from_file_location("hybrid_outside_adapter", adapter["file"])
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    return getattr(module, adapter["function"])(**adapter["options"])


def prepared(adapter: Any, job: Any, path: str, report: WorkerReport) -> Callable[[], Any]:
    """The function that is timed: the compiled job, or translating, compiling and running together."""
    phases, clock = report.content["phases"], time.perf_counter
    report.begin("translate")
    began = clock()
    native = adapter.translate(job)
    phases["translate_s"] = clock() - began
    report.begin("compile")
    began = clock()
    run = adapter.compile(native, job)
    phases["compile_s"] = clock() - began
    return run if path == "compiled" else lambda: adapter.compile(adapter.translate(job), job)()


def repeated(call: Callable[[], Any], phases: dict[str, Any], loop_s: float) -> list[Any]:
    """Loops timed, calibrated to last at least `loop_s` (the one that first does is the first that counts); last answers."""
    loops, took = 1, timed(call, 1)
    while took.seconds < loop_s:
        loops = max(2 * loops, int(1.2 * loops * loop_s / max(took.seconds, 1e-9)))
        took = timed(call, loops)
    loops_timed = [took]
    while len(loops_timed) < REPEATS and sum(one.seconds for one in loops_timed) < ENOUGH_SECONDS:
        loops_timed.append(timed(call, loops))
    phases |= {"repeats_s": [one.seconds / loops for one in loops_timed], "loops": loops}
    phases["cores_used"] = sum(one.cpu_s for one in loops_timed) / sum(one.seconds for one in loops_timed)
    return [one.answer for one in loops_timed]


def copy_rate(threads: int) -> float:
    """Bytes read and written per second by copying as STREAM does (McCalpin, IEEE TCCA Newsletter, 1995); best of five."""
    import numpy

    source = numpy.ones(COPY_BYTES // 8)
    target = numpy.empty_like(source)
    pieces = list(zip(numpy.array_split(target, threads), numpy.array_split(source, threads), strict=True))
    with ThreadPoolExecutor(threads) as pool:
        best = min(timed(lambda: list(pool.map(lambda piece: numpy.copyto(*piece), pieces)), 1).seconds for _ in range(5))
    return 2 * COPY_BYTES / best


class TimedCalls(NamedTuple):
    """A loop of calls: seconds, processor seconds, and the answer of the last call."""

    seconds: float
    cpu_s: float
    answer: Any


def timed(call: Callable[[], Any], loops: int) -> TimedCalls:
    """Call `loops` times without the garbage collector."""
    answer = None
    gc.collect()
    gc.disable()
    try:
        cpu, began = time.process_time(), time.perf_counter()
        for _ in range(loops):
            answer = call()
        return TimedCalls(time.perf_counter() - began, time.process_time() - cpu, answer)
    finally:
        gc.enable()


def reset_peak() -> int:
    """Bytes resident now; the peak is counted anew from here (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return status_bytes("VmRSS")


def status_bytes(key: str = "VmHWM") -> int:
    """An entry of this process's status in bytes, by default the peak; without one, the peak since its start."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))
    except (OSError, StopIteration):
        try:
            import resource
        except ImportError:
            return 0
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def stand_in_for_hybrid() -> None:
    """Make this package importable without the packages that are installed next to it (the interpreter may be another)."""
    package = Path(__file__).resolve().parent.parent
    spec = importlib.util.spec_from_file_location("hybrid", package / "__init__.py", submodule_search_locations=[str(package)])
    assert spec is not None and spec.loader is not None
    sys.modules["hybrid"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["hybrid"])


if __name__ == "__main__":
    stand_in_for_hybrid()
    main(Path(sys.argv[1]))
