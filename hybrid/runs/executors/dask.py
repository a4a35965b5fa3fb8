"""The workers of a Dask cluster, which somebody has started; see docs.dask.org, "Deploy Dask Clusters"."""

import ipaddress
import json
import os
import queue
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final
from urllib.parse import urlsplit

from hybrid import catalog
from hybrid.base.errors import HybridError, MissingPart, Stopped, UsageError
from hybrid.base.files import read_text
from hybrid.base.lease import folder
from hybrid.base.locks import not_shared
from hybrid.runs.worker import walk
from hybrid.runs.worklist import Event, SweepWatcher, Worklist

POLL_SECONDS = 0.2
CONNECT_SECONDS = 30
OTHERS = 0o077


def dask(
    *,
    scheduler_file: str,
    ca: str | None = None,
    certificate: str | None = None,
    insecure: bool = False,
    resource: str | None = None,
) -> "Dask":
    """A running Dask cluster, by the file in which its scheduler has written its address; one run is one task.

    The scheduler must speak TLS with certificates on both sides: `ca` is the authority's certificate, `certificate` a file with
    your own and its key, which nobody else may read. Without TLS any user of the host could run code as you; `insecure=true`
    allows that on the loopback interface of a machine of your own. Workers need the records' folder and this package.

    Runs on an exclusive machine go only to workers that declare this `resource` (`resource=QPU` and dask worker --resources
    "QPU=1"); without it anywhere. The machine's lease gives each job its turn, as everywhere.
    """
    try:
        address = str(json.loads(read_text(Path(scheduler_file)))["address"])
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"dask: {scheduler_file}: is no scheduler file of Dask's (it holds no address).") from None
    if not address.startswith("tls://"):
        _check_insecure(address, insecure)
    else:
        missing = [name for name, value in (("ca", ca), ("certificate", certificate)) if value is None]
        if missing:
            raise UsageError(f"dask: {address} speaks TLS; give {' and '.join(missing)}: dask:...,ca=FILE,certificate=FILE.")
        for name in (ca, certificate):
            read_text(Path(str(name)))
        if os.stat(str(certificate)).st_mode & OTHERS:
            raise UsageError(f"dask: {certificate}: others can read this key; chmod 600 {certificate}.")
    return Dask(address, ca, certificate, resource)


def _check_insecure(address: str, insecure: bool) -> None:
    """UsageError unless the address is a loopback one and that was asked for."""
    why = "without TLS any user of the host can run code as you"
    if not insecure:
        raise UsageError(
            f"dask: the scheduler listens at {address}: {why}. Start it with --protocol tls; see: hybrid guide sweeps."
        )
    host = urlsplit(address).hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UsageError(f"dask: insecure=true is for the loopback interface alone, not for {address}: {why}.")


@final
@dataclass(frozen=True)
class Dask:
    """The cluster's address, the certificates, and what a worker declares who reaches exclusive machines."""

    address: str
    ca: str | None
    certificate: str | None
    resource: str | None = None

    def execute(self, work: Worklist, watcher: SweepWatcher) -> str:
        """See `hybrid.runs.worklist.Executor`. A run whose workers die one after the other has failed."""
        try:
            import distributed  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise MissingPart("dask: 'distributed' is not installed: pip install 'hybrid-sandbox[hpc]'.") from None
        security = None
        if self.ca is not None:
            own: dict[str, Any] = {"tls_ca_file": self.ca}
            own |= {f"tls_client_{part}": self.certificate for part in ("cert", "key")}
            security = distributed.Security(require_encryption=True, **own)
        try:
            client = distributed.Client(self.address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise Stopped(f"dask: no connection to {self.address}: {error}") from None
        with client:
            self._follow(client, work, watcher)
        return ""

    def _follow(self, client: Any, work: Worklist, watcher: SweepWatcher) -> None:
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        about = work.to_json()
        shared = {key: about[key] for key in ("results", "options", "folder")}
        exclusive = _exclusive(work)
        if any(exclusive):
            workers = client.scheduler_info(n_workers=-1)["workers"]
            _check_hosts(workers)
            if self.resource and not any(self.resource in worker.get("resources", {}) for worker in workers.values()):
                watcher.note(
                    f"dask: no worker declares the resource {self.resource} yet; runs on exclusive machines wait for one."
                )
        # where the machine can be reached is what a resource says; whose turn it is, the lease says, job by job
        needed = {self.resource: 1.0} if self.resource else None
        pending = {}
        for number, spec in enumerate(about["specs"]):
            settings = {"key": f"hybrid-{work.ids[number]}", "pure": False, "resources": needed if exclusive[number] else None}
            future = client.submit(do_one, shared | {"specs": [spec]}, **settings)
            pending[future.key] = number, future  # Dask forgets a task that nobody refers to
            future.add_done_callback(done.put)
        while pending:
            if error := watcher.interruption():
                raise error
            try:
                future = done.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            number, _ = pending.pop(future.key)
            watcher.event(_told(future, work, number))
            future.release()  # a dead worker's finished results would else be computed again


def _exclusive(work: Worklist) -> list[bool]:
    """Of every run, whether its machine takes one job at a time; each backend that may say so is loaded once."""
    found: dict[str, bool] = {}
    for spec in work.specs:
        if spec.backend not in found:
            backend = catalog.parse("backends", spec.backend)
            found[spec.backend] = "exclusive" in backend.options and bool(catalog.load(backend)().exclusive)
    return [found[spec.backend] for spec in work.specs]


def _check_hosts(workers: Mapping[str, Mapping[str, Any]]) -> None:
    """UsageError where workers would not see each other's lease of a machine."""
    if len({worker.get("host") for worker in workers.values()}) > 1 and (why := not_shared(folder())):
        raise UsageError(f"dask: {folder()}: {why}; set XDG_STATE_HOME to a folder that the workers' hosts share.")


def _told(future: Any, work: Worklist, number: int) -> Event:
    """What became of a run; a worker that died is its failure."""
    try:
        return Event(*future.result())._replace(number=number)
    except Exception as error:
        failure = HybridError(f"lost with its Dask workers: {type(error).__name__}: {error}")
        work.fail(number, failure)
        return Event("failed", number, why=str(failure), kind="HybridError")


def do_one(about: dict[str, Any]) -> tuple[Any, ...]:
    """In a worker: one run; the fields of the event that says what became of it."""
    os.chdir(about["folder"])
    ended: list[Event] = []
    walk(Worklist.from_json(about), SweepWatcher(ended.append))
    return tuple(next((event for event in reversed(ended) if event.what in ("finished", "failed")), Event("finished", 0)))
