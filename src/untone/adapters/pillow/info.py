"""Info, `Image.info` of a picture with a gain map: decoded when it is asked for, left behind by what cannot keep it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_values

    from PIL import Image

    from ...image import GainMap

KEY = "gain_map"


def attach(image: Image.Image, made: Callable[[], GainMap | None]) -> None:
    """A gain map into `info` of a picture; of what Pillow's methods make of the picture only `copy` has it.

    Pillow copies `info` into every result, also of what turns or crops: by `info.copy`, or, from 13 on, by its own
    `_copy_info`, which would decode the map. `copy`, which some of them call where there is nothing to do, keeps every
    pixel in its place.
    """
    image.info = Info({key: value for key, value in image.info.items() if key != KEY}, made)
    itself = weakref.ref(image)

    def copied() -> dict[Any, Any]:
        there = itself()
        found = {} if there is None else Info.copy(there.info) if isinstance(there.info, Info) else there.info
        return {key: value.copy() if isinstance(value, list) else value for key, value in found.items()}

    image._copy_info = copied  # type: ignore[method-assign]


class Info(dict[Any, Any]):
    """A dict whose gain map is made at its first use.

    `copy` leaves the gain map out, which would not fit a picture that was turned or cropped. The functions of
    untone.pillow put the one in that does.

    Args:
        found: what `info` has besides.
        made: gives the gain map; called once, at the first use.
    """

    def __init__(self, found: dict[Any, Any], made: Callable[[], GainMap | None]) -> None:
        super().__init__(found)
        super().__setitem__(KEY, None)
        self._made: Callable[[], GainMap | None] | None = made

    def _whole(self) -> None:
        """The gain map is there from here on, unless it was taken out."""
        if self._made is not None:
            made, self._made = self._made, None
            try:
                super().__setitem__(KEY, made())
            except BaseException:
                self._made = made
                raise

    def __getitem__(self, key: Any) -> Any:
        if key == KEY:
            self._whole()
        return super().__getitem__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        """As dict.get."""
        found = key in self
        return self[key] if found else default

    def __setitem__(self, key: Any, value: Any) -> None:
        if key == KEY:
            self._made = None
        super().__setitem__(key, value)

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        if key == KEY:
            self._made = None

    def pop(self, key: Any, *default: Any) -> Any:
        """As dict.pop."""
        if key == KEY:
            self._whole()
        return super().pop(key, *default)

    def __iter__(self) -> Iterator[Any]:
        return super().__iter__()  # a class of its own iterator: dict(info) then asks for each value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """As dict.setdefault."""
        return self[key] if key in self else super().setdefault(key, default)

    def items(self) -> dict_items[Any, Any]:
        """As dict.items."""
        self._whole()
        return super().items()

    def values(self) -> dict_values[Any, Any]:
        """As dict.values."""
        self._whole()
        return super().values()

    def copy(self) -> dict[Any, Any]:
        """All but the gain map."""
        return {key: super(Info, self).__getitem__(key) for key in self if key != KEY}

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)

    def __eq__(self, other: object) -> bool:
        self._whole()
        return super().__eq__(other)

    __hash__ = None

    def __repr__(self) -> str:
        self._whole()
        return super().__repr__()
