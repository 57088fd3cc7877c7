"""Seconds from an interrupt to the end of the process, for commands of one photo and of a folder, at several moments.

    python scripts/interrupt_seconds.py photos/*.jpg

Each command runs on the photos given (which have a gain map), is sent SIGINT after a while, and must end within half a
second, with exit code 130, a line on stderr, and no unfinished file in the folder it wrote to.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOMENTS = (0.15, 0.3, 0.6, 1.2, 2.5, 5.0)
"""Seconds after the start of the process."""

LIMIT = 0.5

INTERRUPTED = 130

UNTONE = [sys.executable, "-m", "untone"]

COMMANDS = {
    "convert one": ["{sdr}", "-o", "{out}/a.hdr.jpg"],
    "convert a folder": ["{sdrs}", "-o", "{out}"],
    "to avif one": ["to", "avif", "{one}", "-o", "{out}/a.avif"],
    "to avif a folder": ["to", "avif", "{folder}", "-o", "{out}"],
    "to jxl a folder": ["to", "jxl", "{folder}", "-o", "{out}"],
    "to exr a folder": ["to", "exr", "{folder}", "-o", "{out}"],
    "edit one": ["edit", "{one}", "--resize", "50%", "-o", "{out}/a.jpg"],
    "edit a folder": ["edit", "{folder}", "--resize", "50%", "-o", "{out}"],
    "apply": ["apply", "{one}", "-o", "{out}/a.png"],
    "encode": ["encode", "{sdr}", "{one}", "-o", "{out}/a.jpg"],
    "inspect": ["inspect", "--strict", "{one}"],
    "inspect --html": ["inspect", "--html", "{out}/a.html", "{one}"],
    "audit": ["audit", "{folder}"],
    "sheet": ["sheet", "{folder}", "-o", "{out}/sheet.png"],
    "view --html": ["view", "{folder}", "--html", "{out}/page.html"],
}


def main() -> None:
    """Print a row for each command: the slowest answer, and what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--only", default="", help="commands whose name has this")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # of what a shell runs in its background it is ignored
    print("| command | seconds from the interrupt to the end, by moment | slowest | faults |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        places = prepared(arguments.photos, Path(scratch))
        for name, words in COMMANDS.items():
            if arguments.only in name:
                print(row(name, words, places), flush=True)


def prepared(photos: list[Path], scratch: Path) -> dict[str, str]:
    """A folder of the photos and one of their bases."""
    places = {name: scratch / name for name in ("folder", "sdrs", "out")}
    for place in places.values():
        place.mkdir()
    for photo in photos:
        shutil.copy(photo, places["folder"] / photo.name)
        subprocess.run(
            [*UNTONE, "edit", str(photo), "--drop-map", "-q", "-o", str(places["sdrs"] / photo.name)], check=True
        )
    one = photos[0].name
    return {name: str(place) for name, place in places.items()} | {
        "one": str(places["folder"] / one), "sdr": str(places["sdrs"] / one)
    }  # fmt: skip


def row(name: str, words: list[str], places: dict[str, str]) -> str:
    """A command's answers."""
    command = [*UNTONE, *(word.format(**places) for word in words)]
    answers, faults = [], []
    for moment in MOMENTS:
        seconds, fault = interrupted(command, moment, Path(places["out"]))
        if seconds is None:
            break
        answers.append(seconds)
        faults += [f"at {moment} s: {fault}"] if fault else []
    faults += [f"over {LIMIT} s"] if max(answers, default=0) > LIMIT else []
    listed = " ".join(f"{seconds:.2f}" for seconds in answers)
    return f"| {name} | {listed} | {max(answers, default=0):.2f} | {'; '.join(faults) or 'none'} |"


def interrupted(command: list[str], moment: float, out: Path) -> tuple[float | None, str]:
    """Seconds to the end, None when it had ended before, and what was wrong."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        process.wait(moment)
        process.communicate()
        return None, ""
    except subprocess.TimeoutExpired:
        begun = time.perf_counter()
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
        seconds = time.perf_counter() - begun
    finally:
        left = [path.name for path in out.iterdir() if path.name.startswith(".")]
        for path in out.iterdir():
            path.unlink()
    faults = [f"left {left}"] if left else []
    faults += [f"exit {process.returncode}"] if process.returncode != INTERRUPTED else []
    if "Traceback" in said:
        faults.append("a traceback")
    elif process.returncode == INTERRUPTED and "interrupted" not in said:
        faults.append(f"said {said!r}")
    return seconds, ", ".join(faults)


if __name__ == "__main__":
    main()
