"""Signatures of the compiled module; see native/module.cpp."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

def variants() -> list[str]: ...
def operators(
    variant: str,
    threads: int,
    pixels: Array,
    divisor: int,
    nodes: Array,
    lut: Array,
    qmax: float,
    curve: Array,
    curve_at: list[float],
    curve_is_power: bool,
    place: list[float],
    output: int,
    target: Array,
    scale: Array,
    bias: Array,
    light: Array,
    offset: float,
    matrix: Array,
    pq: Array,
) -> None: ...
def apply(
    variant: str,
    threads: int,
    pixels: Array,
    first_row: int,
    whole_height: int,
    light: Array,
    codes: Array,
    constants: list[Array],
    half: bool,
    target: Array,
) -> None: ...
def pq16(variant: str, threads: int, light: Array, matrix: Array, pq: Array, target: Array) -> None: ...
def count_largest(codes: Array, counts: Array) -> None: ...
def thumbnail(variant: str, threads: int, pixels: Array, target: Array) -> None: ...
def jpeg_moved(
    data: bytes, left: int, top: int, width: int, height: int, orientation: int, most_pixels: int, most_scans: int
) -> bytes: ...
def network_gradient(
    variant: str,
    threads: int,
    basis: Array,
    counts: list[int],
    index: Array,
    target: Array,
    weight: Array,
    neurons: int,
    vector: Array,
    gradient: Array,
) -> float: ...
def train_network(
    variant: str,
    threads: int,
    basis: Array,
    counts: list[int],
    index: Array,
    target: Array,
    weight: Array,
    neurons: int,
    vector: Array,
    schedule: list[float],
    mix: Array,
) -> tuple[int, float]: ...
def network_values(
    variant: str,
    threads: int,
    pixels: Array,
    basis: Array,
    neurons: int,
    vector: Array,
    ends: Array,
    half: bool,
    target: Array,
) -> None: ...
def video_average(variant: str, threads: int, plane: Array, target: Array) -> None: ...
def video_deband(threads: int, plane: Array, target: Array) -> bool: ...
def video_planes(
    variant: str,
    threads: int,
    planes: list[Array],
    shape: list[bool],
    levels: list[float],
    area: list[int],
    place: list[float],
    nodes: Array,
    lut: Array,
    qmax: float,
    curve: Array,
    curve_at: list[float],
    offset: float,
    eotf: Array,
    matrix: Array,
    pq: Array,
    ceiling: float,
    is_hlg: bool,
    dither: Array,
    pair_dither: Array,
    targets: list[Array],
    counts: Array,
) -> None: ...
