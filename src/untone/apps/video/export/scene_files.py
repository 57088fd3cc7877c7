"""A file for each scene of a film, made of the mean of what is done to its frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from .... import __version__
from ....formats.common.files import make_folder, save
from ....kernels.video import Area, Rendering
from ....operators import Operators
from ..grading import Grader
from ..options import FilmOptions
from ..reading import Facts
from ..scenes import Bars
from ..smoothing import Steady, Verdict, mean_of


@dataclasses.dataclass(frozen=True)
class Scene:
    """A scene, as its file needs it.

    Attributes:
        number: from 1.
        about: a line on program, frames and times.
        operators: the mean of its frames'.
        rendering: from light to PQ.
        picture: of the frame, without its bars.
        height, width: of the frame.
    """

    number: int
    about: str
    operators: Operators
    rendering: Rendering
    picture: Area
    height: int
    width: int


class SceneFiles:
    """Collects the operators of each scene; writes scene-0001 and on into a folder.

    Args:
        folder: made where it is missing.
        suffix: of the files.
        content: of the file of a scene.
        facts, options: of the film.
    """

    def __init__(
        self, folder: Path, suffix: str, content: Callable[[Scene], str], facts: Facts, options: FilmOptions
    ) -> None:
        self._folder, self._suffix, self._content, self._facts = folder, suffix, content, facts
        self._grader = Grader(facts, dataclasses.replace(options, transfer="pq"))
        self._mean: Verdict | None = None
        self._scene = self._first = self._last = self._count = 0
        self._bars = Bars()
        self._written: list[Path] = []

    def add(self, steady: Steady) -> None:
        """One picture."""
        if self._mean is not None and steady.scene != self._scene:
            self._write()
        if self._mean is None:
            self._scene, self._first, self._count, self._mean = steady.scene, steady.picture.pts, 0, steady.verdict
        if self._count:
            self._mean = mean_of([self._mean, steady.verdict], [self._count, 1])
        self._count, self._last, self._bars = self._count + 1, steady.picture.pts, steady.bars

    def finish(self) -> list[Path]:
        """Write the last scene."""
        if self._mean is not None:
            self._write()
        return self._written

    def _write(self) -> None:
        assert self._mean is not None
        number, facts = self._scene + 1, self._facts
        begin, end = (float(pts * facts.time_base) for pts in (self._first, self._last))
        about = f"untone {__version__}, scene {number}: {self._count} frames, {begin:.3f} to {end:.3f} s"
        operators, picture = self._grader.operators(self._mean), self._bars.picture(facts.height, facts.width)
        scene = Scene(number, about, operators, self._grader.rendering, picture, facts.height, facts.width)
        make_folder(self._folder)
        path = self._folder / f"scene-{number:04}{self._suffix}"
        save(path, [self._content(scene).encode()])
        self._written.append(path)
        self._mean = None
