"""What is no good as an argument of a public function: one line that names it, and what would do."""

import inspect

import numpy as np
import pytest

import untone
from untone import GainMap, Image, Operators, UntoneError, UsageError

CODES = np.full((8, 8, 3), 128, np.uint8)
PHOTO = Image(CODES)
MAP = GainMap(np.zeros((4, 4, 1), np.uint8), (0.0,) * 3, (1.0,) * 3)
GRIDS, LUT = np.zeros((3, 2, 2, 8, 3), np.float32), np.zeros((2, 2, 2, 3), np.float32)

REQUESTS = {
    "source must be a path or the bytes of a file, not 3": lambda: untone.read(3),
    "source must be a path or the bytes of a file, not None": lambda: untone.convert(None, "a.jpg"),
    "source must be a path or the bytes of a file, not ''": lambda: untone.read(""),
    "source must be a path or the bytes of a file, not a value of type ndarray": lambda: untone.read(CODES),
    "target must be a path, not 3": lambda: untone.convert(b"", 3),
    "path must be a path, not 3": lambda: untone.write(3, PHOTO),
    "write takes a GainMap, not str": lambda: untone.write("a.jpg", PHOTO, "map"),
    "quality must be a number, not 'high'": lambda: untone.write("a.jpg", PHOTO, quality="high"),
    "map_quality must be a number, not 'high'": lambda: untone.write("a.jpg", PHOTO, MAP, map_quality="high"),
    "strength must be a number, not 'a'": lambda: untone.predict(PHOTO, strength="a"),
    "strength must be a number, not None": lambda: untone.convert(b"", None, strength=None),
    "peak_nits must be a number, not '1000'": lambda: untone.predict(PHOTO, peak_nits="1000"),
    "white_nits must be a number, not '203'": lambda: untone.convert(b"", None, white_nits="203"),
    "the map size must be one of full, half, quarter, not ['half']": lambda: untone.predict(PHOTO, map_size=["half"]),
    "the map size must be one of full, half, quarter, not 2": lambda: untone.measure(PHOTO, PHOTO, map_size=2),
    "the map's channels must be 1 or 3, not 2": lambda: untone.measure(PHOTO, PHOTO, channels=2),
    "the map's channels must be 1 or 3, not '3'": lambda: untone.measure_raw(PHOTO, "a.dng", channels="3"),
    "raw must be a path, not b'RAW'": lambda: untone.measure_raw(PHOTO, b"RAW"),
    "model must be a name or the path of an .onnx file, not 3": lambda: untone.predict(PHOTO, model=3),
    "model must be a name or the path of an .onnx file, not None": lambda: untone.load(None),
    "3: no such provider": lambda: untone.load(provider=3),
}

NOUNS = {
    "headroom must be a finite number of stops, 0 or more, not 'all'": lambda: untone.apply(PHOTO, MAP, "all"),
    "pixels must be a numpy array, not list": lambda: Image([[[0, 0, 0]]]),
    "white_nits must be a positive number, not 203 nits": lambda: Image(CODES, white_nits="203 nits"),
    "gain map codes must be a numpy array, not NoneType": lambda: GainMap(None, (0,) * 3, (1,) * 3),
    "gain map max_stops must be three numbers within +-64, not 3.0": lambda: GainMap(CODES, (0,) * 3, 3.0),
    "gain map gamma must be three numbers within +-64, not ('a', 'b', 'c')": lambda: GainMap(
        CODES, (0,) * 3, (1,) * 3, ("a", "b", "c")
    ),
    "gain map alternate_headroom_stops must be between 0 and 64, not None": lambda: GainMap(
        CODES, (0,) * 3, (1,) * 3, alternate_headroom_stops=None
    ),
    "grids must be a numpy array, not int": lambda: Operators(1, LUT, 2.0),
    "qmax_stops must be above 0 and at most 8, not a": lambda: Operators(GRIDS, LUT, "a"),
}


@pytest.mark.parametrize("said", REQUESTS)
def test_an_argument_that_is_no_good_is_named(said):
    with pytest.raises(UsageError) as told:
        REQUESTS[said]()
    assert str(told.value).startswith(said)
    assert str(told.value).isprintable()


@pytest.mark.parametrize("said", NOUNS)
def test_a_field_that_is_no_good_is_named(said):
    with pytest.raises(UntoneError) as told:
        NOUNS[said]()
    assert str(told.value).startswith(said)


def test_numbers_may_be_those_of_numpy():
    options = {"strength": np.float32(0.5), "peak_nits": np.int64(1000)}
    assert untone.predict(PHOTO, **options).max_stops == untone.predict(PHOTO, strength=0.5, peak_nits=1000).max_stops
    assert untone.write(None, PHOTO, MAP, quality=np.uint8(90)) == untone.write(None, PHOTO, MAP, quality=90)


def test_every_public_function_says_what_it_raises():
    functions = [getattr(untone, name) for name in untone.__all__ if inspect.isfunction(getattr(untone, name))]
    assert len(functions) == 8
    assert all("Raises:" in inspect.getdoc(function) for function in functions)
