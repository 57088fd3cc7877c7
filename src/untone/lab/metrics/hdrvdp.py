"""HDR-VDP-3 run by Octave from a folder of its source (BSD-3, Mantiuk et al.).

The score depends on the viewing distance more than on most things measured with it: pixels per degree of 30 and 60 are
half a point apart. So version, task, display and pixels per degree stand beside every number.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ...errors import DamagedError, UntoneError
from ...image import DIFFUSE_WHITE_NITS
from .domains import Light

OCTAVE = "octave-cli"
TASK, ENCODING, DISPLAY = "side-by-side", "rgb-bt.2020", "led-lcd-wcg"
SECONDS = 1800

SCRIPT = """
pkg load image; pkg load statistics;
addpath('{tree}'); addpath(fullfile('{tree}', 'utils'));
function picture = taken(path, h, w)
  file = fopen(path, 'rb');
  picture = double(permute(reshape(fread(file, 3 * h * w, 'single'), 3, w, h), [3 2 1]));
  fclose(file);
end
options = {{ 'use_gpu', false, 'quiet', true, 'rgb_display', '{display}' }};
found = hdrvdp3('{task}', taken('{made}', {h}, {w}), taken('{truth}', {h}, {w}), '{encoding}', {ppd:g}, options);
printf('untone-q %.9g\\nuntone-jod %.9g\\n', found.Q, found.Q_JOD);
"""
"""Script for Octave; pictures are raw float32 RGB in nits, row by row."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """Folder of HDR-VDP-3, and viewing distance in pixels per degree.

    Raises:
        UntoneError: Octave or the source is not there, or the distance is none.
    """

    tree: Path
    pixels_per_degree: float = 60.0

    def __post_init__(self) -> None:
        if not (self.tree / "hdrvdp3.m").is_file():
            raise UntoneError(f"{self.tree}: holds no hdrvdp3.m; --hdrvdp takes the folder of HDR-VDP-3's source")
        if shutil.which(OCTAVE) is None:
            raise UntoneError(f"HDR-VDP-3 needs {OCTAVE}, which is not on PATH (Debian: octave octave-image)")
        if "'" in str(self.tree.resolve()):
            raise UntoneError(f"{self.tree}: Octave cannot be told of a folder with a quote in its name")
        if not 1 <= self.pixels_per_degree <= 1000:
            raise UntoneError(f"pixels per degree must be 1 to 1000, not {self.pixels_per_degree:g}")

    @property
    def version(self) -> str:
        """Version of the source, from its own files."""
        for name in ("hdrvdp_version.m", "ChangeLog.txt", "README.md"):
            path = self.tree / name
            text = path.read_text("utf-8", "replace") if path.is_file() else ""
            found = re.search(r"\b(3\.\d+(?:\.\d+)?)\b", text)
            if found:
                return found[1]
        return "3 (unknown)"

    @property
    def convention(self) -> str:
        """Convention of the score: version, task, display, pixels per degree."""
        return (
            f"HDR-VDP-{self.version}, task {TASK}, {ENCODING}, display {DISPLAY}, {self.pixels_per_degree:g} pixels "
            "per degree, nits with SDR white at 203; 10 is equal; Q and Q_JOD differ"
        )


CONVENTION = f"HDR-VDP-3 through Octave, task {TASK}, {ENCODING}, display {DISPLAY}; 10 is equal; Q and Q_JOD differ"

_chosen: list[Setting] = []


def choose(setting: Setting) -> None:
    """The HDR-VDP-3 that `scores` uses from now on."""
    _chosen[:] = [setting]
    _measured.cache_clear()


@dataclasses.dataclass(frozen=True)
class Scores:
    """Quality correlate Q and Q_JOD of one pair, 10 for equal pictures."""

    q: float
    jod: float


def scores(made: Light, truth: Light) -> Scores:
    """HDR-VDP-3 of light [H, W, 3] in BT.2020 (1.0 = SDR white); both figures come of one run.

    Raises:
        UntoneError: none was chosen, or Octave failed.
    """
    if not _chosen:
        raise UntoneError("HDR-VDP-3 takes part when --hdrvdp names the folder of its source")
    raw = [np.ascontiguousarray(light * DIFFUSE_WHITE_NITS, np.float32).tobytes() for light in (made, truth)]
    return _measured(raw[0], raw[1], truth.shape[0], truth.shape[1])


@functools.lru_cache(maxsize=1)
def _measured(made: bytes, truth: bytes, height: int, width: int) -> Scores:
    setting = _chosen[0]
    with tempfile.TemporaryDirectory(prefix="untone-") as scratch:
        places = {"made": made, "truth": truth}
        for name, raw in places.items():
            Path(scratch, name).write_bytes(raw)
        script = SCRIPT.format(
            tree=setting.tree.resolve(), task=TASK, encoding=ENCODING, display=DISPLAY, ppd=setting.pixels_per_degree,
            h=height, w=width, **{name: Path(scratch, name) for name in places},
        )  # fmt: skip
        Path(scratch, "run.m").write_text(script)
        return _parsed(_octave(Path(scratch, "run.m")))


def _octave(script: Path) -> str:
    command = [OCTAVE, "--no-gui", "--quiet", "--norc", str(script)]
    quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS, env=quiet)
    except subprocess.TimeoutExpired:
        raise UntoneError(f"HDR-VDP-3: {OCTAVE} took more than {SECONDS} s") from None
    except OSError as fault:
        raise UntoneError(f"HDR-VDP-3: {OCTAVE}: {fault.strerror}") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise UntoneError(f"HDR-VDP-3: {OCTAVE} failed: {(lines or ['no message'])[0][:200]}")
    return done.stdout


def _parsed(output: str) -> Scores:
    found = dict(re.findall(r"^untone-(q|jod) (\S+)$", output, re.MULTILINE))
    try:
        return Scores(float(found["q"]), float(found["jod"]))
    except (KeyError, ValueError):
        raise DamagedError(f"HDR-VDP-3: {OCTAVE} gave no score") from None
