"""untone view: photos before and after on a page of this machine; --html puts them into one file instead."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import socket
import tempfile
import threading
import webbrowser
from pathlib import Path

from ...console.lines import complain
from ...console.options import add_force, add_output, add_quiet, is_whole
from ...console.progress import interruptible
from ...errors import UntoneError, UsageError
from ...formats import OTHER_SUFFIXES, RAW_SUFFIXES, READ_SUFFIXES
from ...system import is_folder, port_may_be_taken_again
from ..conversion.planning import output_folder
from ..video import FILM_SUFFIXES
from .library import Library, check_model

ADDRESS = "127.0.0.1"
PACKAGES = ("starlette", "uvicorn")
SECONDS_TO_CLOSE = 3
NAMES_OF_FILES = frozenset((*READ_SUFFIXES, *RAW_SUFFIXES, *OTHER_SUFFIXES, *FILM_SUFFIXES, ".html", ".htm", ".pdf"))
"""Suffixes that nobody gives to a folder of exports."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `untone view`."""
    add = parser.add_argument
    add("inputs", nargs="+", metavar="PHOTO|FOLDER", help="photos, folders of photos")
    add("-R", "--recursive", action="store_true", help="look into folders within folders")
    add_output(add, "folder that exports go to; default: beside each photo")
    add("--html", metavar="FILE", help="write one file that shows the photos anywhere, and serve nothing")
    add_force(add)
    add("--no-open", action="store_true", help="only print the address")
    add("--port", type=_port, default=0, metavar="N", help="of the address; default: any that is free")
    add("--model", default="fastgamer", metavar="NAME|PATH", help="a model by name, or an .onnx file")
    add_quiet(add)


def _port(text: str) -> int:
    if not (is_whole(text) and 0 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"must be from 0 to 65535, not {text}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted, or write one file.

    Raises:
        UsageError: no photos, no such model, or a port that is taken.
        UntoneError: the extra is missing, or a file of choices is damaged.
    """
    library = Library(arguments.inputs, arguments.recursive)
    check_model(arguments.model)
    if arguments.html:
        from .document import write_document

        return write_document(Path(arguments.html), library, arguments.model, arguments.force)
    output = None if arguments.output is None else exports_folder(arguments.output)
    for fault in library.faults.values():
        complain(fault)
    with _listening(arguments.port) as listening, tempfile.TemporaryDirectory(prefix="untone-page-") as uploads:
        _serve(library, arguments, listening, output, Path(uploads))
    return 0


def exports_folder(name: str) -> Path:
    """The folder that exports go to; a name of a picture or page is another command's output, unless it ends in /.

    Raises:
        UsageError: it is such a name, a file, or in no folder.
    """
    out = Path(name)
    if out.suffix.lower() in NAMES_OF_FILES and not name.endswith(("/", os.sep)) and not is_folder(out):
        others = "one picture is made by untone sheet -o sheet.png, one page by untone view --html page.html"
        raise UsageError(f"-o {name}: view takes a folder here, for what is exported from its page; {others}")
    return output_folder(out)


def _listening(port: int) -> socket.socket:
    listening = socket.socket()
    if port_may_be_taken_again():
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise UsageError(f"--port {port}: {error.strerror}") from error
    return listening


def _serve(
    library: Library, arguments: argparse.Namespace, listening: socket.socket, output: Path | None, uploads: Path
) -> None:
    try:
        import uvicorn

        from .exporting import Exports
        from .guard import Guard
        from .server import Server
        from .studio import Studio
        from .uploads import Uploads
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in PACKAGES:
            raise
        raise UntoneError(f"this command needs {missing}: pip install 'untone[page]'") from error
    studio, token = Studio(library, arguments.model), secrets.token_urlsafe(24)
    exports = Exports(library, studio, output)
    port = listening.getsockname()[1]
    app = Guard(Server(library, studio, exports, Uploads(library, uploads)).app(), token, port)
    threading.Thread(target=_warm, args=(arguments.model,)).start()
    address = f"http://{ADDRESS}:{port}/{token}/"
    print(address, flush=True)
    if not arguments.no_open:
        threading.Timer(0.2, webbrowser.open, (address,)).start()
    config = uvicorn.Config(
        app, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=SECONDS_TO_CLOSE,
        h11_max_incomplete_event_size=1 << 16,
    )  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt), interruptible():  # SIGTERM too, or what was uploaded would stay
        uvicorn.Server(config).run(sockets=[listening])
    exports.stop_all()


def _warm(model: str) -> None:
    """The network is loaded while the page is; if it cannot be, the first photo says so."""
    from ... import pipeline

    with contextlib.suppress(UntoneError):
        pipeline.load(model)
