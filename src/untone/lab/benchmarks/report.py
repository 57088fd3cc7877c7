"""Tables of `untone bench` on a terminal, one for each group of figures."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 140
"""Characters of a line where no terminal says how many it shows."""

KERNELS = (
    "kernel, 3840 x 2160",
    "ms",
    "spread",
    "threads",
    "variant",
    "CPU ms",
    "over torch eager",
    "2 threads over 1",
)
STAGES = ("stage", "figure", "value")
TRANSCODES = ("transcode", "seconds", "of codecs", "ratio")
NETWORKS = ("gain network", "ms", "over torch", "over torch, CPU", "over torch, 1 thread")
FILMS = ("film, 1920 x 1080", "ms or seconds", "other", "ratio")
QUALITY = ("training of a gain network", "PQ-PSNR dB", "over it", "CPU s", "of the paper's time")


def show(result: dict[str, Any]) -> None:
    """Print the result of `bench` as tables on standard output."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for heads, rows in tables(result):
        console.print(_table(heads, rows))
    load = result["load_average"]
    if load:
        console.print(f"load average {', '.join(f'{value:g}' for value in load)}")


def tables(result: dict[str, Any]) -> Iterable[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Heads and rows of each table, as text; a dash for what could not be measured here."""
    yield KERNELS, list(_kernel_rows(result))
    yield STAGES, list(_stage_rows(result))
    yield TRANSCODES, list(_transcode_rows(result["formats"]))
    yield NETWORKS, list(_network_rows(result["gain_mlp"]))
    if result["gain_mlp"]["quality"]:
        yield QUALITY, list(_quality_rows(result["gain_mlp"]["quality"]))
    if result["video"]:
        yield FILMS, list(_film_rows(result["video"]))


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    from rich.table import Table

    table = Table()
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number and head not in ("variant", "figure") else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _kernel_rows(result: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    for name, row in result["kernels"].items():
        for variant, entry in row["variants"].items():
            times = _number(entry["ms_median"], 1), f"{entry['spread']:.0%}", str(row["threads"]), variant
            ratios = _times(entry["speedup_over_torch_eager"]), _times(entry["scaling"])
            yield (name, *times, _number(entry["cpu_ms"], 1), *ratios)
    for name, milliseconds in result["torch_eager"].items():
        yield name, _number(milliseconds, 1), "", "", "torch eager", "", "", ""


def _stage_rows(result: dict[str, Any]) -> Iterable[tuple[str, str, str]]:
    thumbnail, command, formats = result["thumbnail"], result["command_12mp"], result["formats"]
    yield "thumbnail of 4K", "made of the photo", _number(thumbnail["downsample_ms"], 2, " ms")
    yield "thumbnail of 4K", "through the network", _number(thumbnail["encoder_ms"], 2, " ms")
    yield "thumbnail of 4K", "of the full-size stage", f"{thumbnail['share_of_full_size']:.0%}"
    yield "untone photo.jpg, 12 MP", "whole command", _number(command["seconds"], 2, " s")
    yield "untone photo.jpg, 12 MP", "most memory", _number(command["peak_mib"], 0, " MiB")
    yield "headers of a large JPEG", "read", _number(formats["inspect_ms"], 2, " ms")
    yield "headers of a large JPEG", "CPU", _number(formats["inspect_cpu_ms"], 2, " ms")


def _film_rows(found: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    for variant, row in found["planes"].items():
        yield f"planes, {variant}", _number(row["ms"], 1), "", ""
    best = min(row["ms"] for row in found["planes"].values())
    eager, scaler = found["torch_eager_ms"], found["swscale_ms"]
    yield "planes beside torch eager", _number(best, 1), _number(eager, 1), _times(found["over_torch_eager"])
    yield "planes beside swscale", _number(best, 1), _number(scaler, 1), _times(found["over_swscale"])
    for preset, row in found["command"].items():
        seconds = _number(row["seconds"], 1), _number(row["codecs_seconds"], 1)
        yield f"untone clip.mp4 beside its codecs, preset {preset}", *seconds, _times(row["ratio"])


def _transcode_rows(found: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    for name, row in found.items():
        if isinstance(row, dict):
            title = f"{name}, {found['megapixels']:g} MP"
            yield title, _number(row["seconds"], 2), _number(row["codec_seconds"], 2), _times(row["ratio"])


def _network_rows(found: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    alone = found["one_thread"]
    for name, what, key in (("train", "a step of 65,536 samples", "train_step_ms"), ("decode", "4K", "decode_ms")):
        ratios = found[f"{name}_speedup_over_torch"], found[f"{name}_cpu_ratio"], alone[f"{name}_speedup_over_torch"]
        yield f"{name}: {what}, {found['threads']} threads", _number(found[key], 1), *map(_times, ratios)


def _quality_rows(found: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    def row(title: str, key: str, second: str, third: str = "") -> tuple[str, ...]:
        seconds = found.get(f"{key}_cpu_seconds")
        return title, _number(found[f"{key}_db"], 2), second, "" if seconds is None else _number(seconds, 2), third

    yield row(f"the paper's, {found['views']}", "paper", "")
    for key, title in (("tenth", "ours, a tenth of the time"), ("equal", "ours, equal time")):
        yield row(title, key, _interval(found[f"{key}_gain_db"]), f"{found[f'{key}_share_of_time']:.0%}")
    yield row("ours, as `untone encode` has it", "usual", f"floats: {_interval(found['int8_cost_db'])}")


def _number(value: float | None, digits: int, unit: str = "") -> str:
    return "-" if value is None else f"{value:.{digits}f}{unit}"


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f} x" if ratio < 10 else f"{ratio:.0f} x"


def _interval(mean_and_half: list[float]) -> str:
    return "{:+.2f} ± {:.2f}".format(*mean_and_half)
