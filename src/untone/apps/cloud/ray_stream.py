"""The same jobs as a stream of Ray Data: one task lists, a pool of workers does batches, the command reports.

Ray holds the listing back when workers fall behind, and runs the batch of a worker that died again: outputs that it had
written are there by then, and are skipped.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import socket
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ray
from ray.data import DataContext, Datasource, ReadTask
from ray.data.block import BlockMetadata

from ...errors import UntoneError
from ..conversion.execution import Task
from ..conversion.report import Outcome
from . import planning
from .execution import Options, Work
from .pages import Known, Page
from .planning import Job, Request

BATCH = 8
"""Photos that a worker gets at once: what is done again when it dies."""

AHEAD = 2
"""Of those, are read or written while one is worked on."""

STORE_BYTES = 256 << 20
"""Of a local cluster's shared memory: names of photos pass through it, photos do not."""


class Listing(Datasource):  # type: ignore[misc]  # Ray is an extra, so that nothing is known of it
    """The jobs of a request, listed by one task, a page a block."""

    def __init__(self, request: Request, look: bool) -> None:
        self._request, self._look = request, look

    def estimate_inmemory_data_size(self) -> int | None:
        """Nobody knows before it is listed."""
        return None

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
        """The one task."""
        unknown = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [ReadTask(lambda: _blocks(self._request, self._look), unknown)]


def _blocks(request: Request, look: bool) -> Iterator[Any]:
    import pyarrow

    try:
        for jobs in planning.pages(request):
            yield pyarrow.table({"job": [pickle.dumps(taken) for taken in iter(Page(jobs, look).take, None)]})
    except UntoneError as error:
        yield pyarrow.table({"job": [pickle.dumps(error)]})


class Worker:
    """One of the pool: does batches, and gives outcomes, or the error that ends the run."""

    def __init__(self, task: Task, options: Options) -> None:
        self._work = Work(task, options)
        self._threads = ThreadPoolExecutor(1 + AHEAD)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        """Outcomes of a batch."""
        return {"outcome": list(self._threads.map(self._done, batch["job"]))}

    def _done(self, packed: bytes) -> bytes:
        found: tuple[Job, Known] | UntoneError = pickle.loads(packed)
        try:
            return pickle.dumps(found if isinstance(found, UntoneError) else self._work.do(*found))
        except UntoneError as error:
            return pickle.dumps(error)


def start(address: str, debug: bool) -> None:
    """Join a cluster, or begin one on this machine.

    Args:
        address: of a cluster; empty joins the one that a Ray job runs on (RAY_ADDRESS), or begins one here.
        debug: whether workers' own output is shown.

    Raises:
        UntoneError: there is no cluster there.
    """
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    joined = address or os.environ.get("RAY_ADDRESS") or "local"
    _refuse_silence(joined)
    here: dict[str, Any] = {"object_store_memory": STORE_BYTES, "include_dashboard": False} if joined == "local" else {}
    try:
        ray.init(address=joined, log_to_driver=debug, logging_level=logging.ERROR, **here)
    except Exception as error:  # Ray raises that itself where a machine is too busy to begin in time
        raise UntoneError(f"--ray {joined}: no cluster answers: {str(error).splitlines()[0]}") from error
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False


def _refuse_silence(address: str) -> None:
    """Ray itself asks an address for minutes.

    Raises:
        UntoneError: nothing listens there.
    """
    found = re.fullmatch(r"(?:ray://)?\[?([^/\s]+?)\]?:(\d{1,5})", address)
    if found is None:
        return
    try:
        socket.create_connection((found[1], int(found[2])), timeout=5).close()
    except (OSError, OverflowError) as error:
        raise UntoneError(f"--ray {address}: no cluster answers: {error}") from error


def stop() -> None:
    """Leave the cluster; one that was begun here ends."""
    ray.shutdown()


def outcomes(request: Request, task: Task, options: Options) -> Iterator[Outcome]:
    """Outcomes of all jobs as they come; `start` comes before it.

    Raises:
        UntoneError: every other job would meet it too, or Ray fails.
    """
    workers = max(1, int(ray.cluster_resources().get("CPU", 1)) - 1)  # one is left for listing, and for people
    listing = ray.data.read_datasource(Listing(request, not options.force), concurrency=1, num_cpus=0)
    done = listing.map_batches(
        Worker, fn_constructor_args=(task, options), batch_size=BATCH, concurrency=(1, workers), num_cpus=1
    )
    rows, fault = iter(done.iter_rows()), None
    try:
        for row in rows:
            found: Outcome | UntoneError = pickle.loads(row["outcome"])
            if isinstance(found, UntoneError):
                fault = found
                break
            yield found
    except (ray.exceptions.RayError, ray.exceptions.UserCodeException) as error:
        raise UntoneError(f"Ray ended the run: {str(error).strip().splitlines()[-1]}") from error
    finally:
        if isinstance(rows, Generator):  # the run ends with it; a cluster that is left in the middle of one crashes
            rows.close()
    if fault is not None:
        raise fault
