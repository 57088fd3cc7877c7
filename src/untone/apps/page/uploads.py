"""Photos that are dropped on the page: bounded in bytes, pixels and number, in a folder that goes with the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from ... import formats
from ...errors import LimitError, UntoneError
from .library import Library, Photo, shown_name

MOST_BYTES = 256 << 20
MOST_PIXELS = 120_000_000
MOST_TOGETHER_BYTES = 4 << 30
MOST_PHOTOS = 500


class Uploads:
    """The folder of uploads."""

    def __init__(self, library: Library, folder: Path) -> None:
        self._library, self._folder = library, folder
        self._bytes = self._tried = self._kept = 0

    def check(self, announced: str | None) -> None:
        """Refuse what is too much before it is sent.

        Raises:
            LimitError: the header says more bytes than are taken, or there were too many photos.
        """
        if announced is not None and (not announced.isdecimal() or int(announced) > MOST_BYTES):
            raise LimitError(f"a photo that is dropped here may have {MOST_BYTES >> 20} MiB; untone FILE takes more")
        if self._kept >= MOST_PHOTOS:
            raise LimitError(f"{MOST_PHOTOS} photos were dropped here already; name their folder on the command line")

    async def take(self, name: str, stream: AsyncIterator[bytes]) -> Photo:
        """Keep what a browser sends, if it is a photo of a size that is taken.

        Raises:
            UntoneError: it is none, or too large; nothing is kept.
        """
        self._tried += 1
        path = self._folder / f"{self._tried:04}"
        try:
            await self._save(path, stream)
            found = formats.probe(path)
            if found.width * found.height > MOST_PIXELS:
                size = f"{found.width} x {found.height}"
                raise LimitError(f"{size} pixels; {MOST_PIXELS // 10**6} megapixels may be dropped here")
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, UntoneError):
                raise type(error)(str(error).removeprefix(f"{path}: ")) from error
            if isinstance(error, OSError):
                raise UntoneError(f"it cannot be kept: {error.strerror}") from error
            raise
        self._kept += 1
        return self._library.add(shown_name(name), path)

    async def _save(self, path: Path, stream: AsyncIterator[bytes]) -> None:
        size = 0
        with path.open("xb") as file:
            async for piece in stream:
                size += len(piece)
                self._bytes += len(piece)
                if size > MOST_BYTES or self._bytes > MOST_TOGETHER_BYTES:
                    raise LimitError(f"more than {MOST_BYTES >> 20} MiB, or too much altogether")
                file.write(piece)
