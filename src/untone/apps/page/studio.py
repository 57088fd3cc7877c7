"""What the server makes of photos when somebody looks: pairs, tiles and files, each once, few at a time."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

from ... import formats, pipeline
from ...formats.signalling import shown_elsewhere
from ...image import GainMap, Image
from ..choices import UNTOUCHED, Choice
from . import renditions
from .films import Frame, Moment
from .library import Library, Photo, guarded
from .renditions import PREDICTED, Pair
from .work import Cache, Queue

T = TypeVar("T")
Make = Callable[[bytes | Frame], T]
What = tuple[int, float | None]
"""A photo by its number, and of a film the moment."""

TILE_SIDE, WEB_SIDE, SCREEN_SIDE = 480, 2048, 4096
"""Pixels of the longer side: of a tile, of a file for the web, and of what an HDR screen is shown of larger photos."""

TILE_QUALITY = 82
MOST_PAIR_BYTES, MOST_TILE_BYTES = 600 << 20, 256 << 20
SIDE_BY_SIDE = 2

SUFFIXES = {"jpeg": ".hdr.jpg", "avif": ".hdr.avif", "web": ".web.hdr.jpg"}
"""What an exported photo is called, after its name; folders are not searched for files that end so."""


@dataclasses.dataclass(frozen=True, eq=False)
class Tile:
    """A small photo as a JPEG with the whole of its gain, of which thousands fit, and the figures of that."""

    plain: bytes
    origin: str
    figures: dict[str, float]
    moment: Moment | None = None

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return len(self.plain)

    @property
    def pair(self) -> Pair:
        """Its renditions, read again."""
        image, gain_map = formats.read(self.plain)
        if gain_map is None:
            raise AssertionError("a tile without a gain map")
        return renditions.made(image, gain_map, self.origin)


@dataclasses.dataclass(eq=False)
class _Making:
    """What is made for as long as somebody waits for it; once begun, to its end."""

    waiting: int = 0
    begun: bool = False
    task: asyncio.Task[Any] = dataclasses.field(init=False)


class Studio:
    """Made things by photo, held as long as there is room."""

    def __init__(self, library: Library, model: str) -> None:
        self.library, self._model = library, model
        self._pairs: Cache[Pair] = Cache(MOST_PAIR_BYTES, lambda found: found.size)
        self._tiles: Cache[Tile] = Cache(MOST_TILE_BYTES, lambda found: found.size)
        self._making: dict[Hashable, _Making] = {}
        self._small, self._large = Queue(SIDE_BY_SIDE), Queue(1)

    def predict(self, image: Image) -> GainMap:
        """The model's map at full strength."""
        return pipeline.predict(image, self._model)

    async def pair(self, number: int, at: float | None = None) -> Pair:
        """The whole photo, or the frame of a film.

        Raises:
            UntoneError: it cannot be shown; one line.
        """
        make = functools.partial(renditions.pair, predict=self.predict)
        photo = self.library.photo(number)
        at = at if photo.is_film else None
        return await self._once(("pair", number, photo.stamp, at), self._pairs, self._large, (number, at), make)

    async def tile(self, number: int) -> Tile:
        """The small photo.

        Raises:
            UntoneError: it cannot be shown; one line.
        """
        key = ("tile", number, self.library.photo(number).stamp)
        return await self._once(key, self._tiles, self._small, (number, None), self._tile)

    def _tile(self, data: bytes | Frame) -> Tile:
        found = renditions.pair(data, self.predict, TILE_SIDE)
        plain = renditions.small_file(found, found.stored[1], TILE_SIDE, TILE_QUALITY)
        return Tile(plain, found.origin, renditions.figures(found, UNTOUCHED), found.moment)

    async def _once(self, key: Hashable, cache: Cache[T], queue: Queue, what: What, make: Make[T]) -> T:
        held = cache.get(key)
        if held is not None:
            return held
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = _Making()
            making.task = asyncio.create_task(self._made(making, key, cache, queue, what, make))
        making.waiting += 1
        try:
            found: T = await asyncio.shield(making.task)
            return found
        finally:
            making.waiting -= 1
            if not (making.waiting or making.begun):  # scrolled by before its turn came
                making.task.cancel()
                self._forget(key, making)  # at once: who comes back begins anew

    async def _made(
        self, making: _Making, key: Hashable, cache: Cache[T], queue: Queue, what: What, make: Make[T]
    ) -> T:
        number, at = what
        try:
            async with queue.place():
                making.begun = True
                made = await run_in_threadpool(guarded, self.library.photo(number), make, at)
            cache.put(key, made)
            return made
        finally:
            self._forget(key, making)

    def _forget(self, key: Hashable, making: _Making) -> None:
        if self._making.get(key) is making:
            del self._making[key]

    def file(self, found: Pair, wanted: Choice, kind: str) -> bytes:
        """A photo as it is chosen, as a file of one of SUFFIXES.

        Raises:
            UntoneError: the codec refuses it.
        """
        gain_map = renditions.limited(found, wanted)
        if kind == "web":
            return renditions.small_file(found, gain_map, WEB_SIDE)
        image = dataclasses.replace(found.stored[0], gain_network=None)
        return formats.write(None, image, gain_map, format=kind) or b""

    def screen_file(self, found: Pair, wanted: Choice) -> bytes:
        """What an `<img>` shows on an HDR screen."""
        return renditions.small_file(found, renditions.limited(found, wanted), SCREEN_SIDE, 92)

    def exported(self, photo: Photo, wanted: Choice, kind: str) -> bytes | str:
        """The file of one photo as it is now; or why it is left alone.

        Raises:
            UntoneError: it cannot be read or made.
        """
        found = renditions.pair(photo.read(), self.predict)
        if kind == "jpeg" and found.origin != PREDICTED:
            return "it is HDR already"
        if shown_elsewhere(found.image.left_out) is not None:
            return f"it already carries a gain map, which is not read here ({found.image.left_out})"
        return self.file(found, wanted, kind)
