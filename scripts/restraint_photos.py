"""Make the photographs of `untone eval --restraint` again: small SDR pictures of freely licensed photos and HDR scenes.

    python scripts/restraint_photos.py DATA [-o FOLDER]

DATA has the folders val/ and train/ (HDR scenes), formats/ and real/ (gain map photos, whose SDR base is taken) that
NOTICE names; scikit-image, scikit-learn and matplotlib bring the rest. What the SDR codes should become in HDR is not
taken from anywhere: the set holds bounds, not truths.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image as Pil

from untone import colour, pipeline
from untone.image import turned_upright
from untone.lab.data.views import perspective

HERE = Path(__file__).parents[1] / "src/untone/lab/data/restraint/pictures"
LONGEST, QUALITY = 576, 88

SAMPLES = {"skimage": "data", "sklearn": "datasets/images", "matplotlib": "mpl-data/sample_data"}

PHOTOS = {
    # name: source, crop (left, top, right, bottom as shares), and for HDR scenes yaw, pitch, field of view, EV, curve
    "portrait-astronaut": ("skimage:astronaut.png", (0, 0, 1, 1)),
    "portrait-officer": ("matplotlib:grace_hopper.jpg", (0, 0, 1, 1)),
    "portrait-cat": ("skimage:chelsea.png", (0, 0, 1, 1)),
    "portrait-white-dog": ("formats/iphone_depth_and_gainmap.jpg", (0, 0.1, 1, 0.9)),
    "portrait-pug": ("formats/iphone_gainmap.heic", (0.1, 0.1, 1, 1)),
    "still-coffee": ("skimage:coffee.png", (0, 0, 1, 1)),
    "still-dial": ("formats/small_gainmap_image.jpg", (0, 0.1, 1, 0.95)),
    "still-shop-window": ("val/leadenhall_market_1k.exr", (100, -2, 60, 1.2, "filmic")),
    "still-plant": ("val/neon_photostudio_1k.exr", (-75, 0, 55, 0.3, "soft")),
    "overcast-river": ("formats/seine_sdr_gainmap_srgb.jpg", (0, 0, 1, 1)),
    "overcast-pavilion": ("sklearn:china.jpg", (0, 0, 1, 1)),
    "overcast-field": ("val/crissyfield.exr", (0, 0, 1, 1, 0.6, "soft")),
    "overcast-lake": ("val/hdr_rgb_arboretum.exr", (0, 0, 1, 1, 0.0, "filmic")),
    "overcast-city": ("train/city.exr", (20, 8, 80, -0.4, "filmic")),
    "flower-dahlia": ("sklearn:flower.jpg", (0, 0, 1, 1)),
    "flower-hedge": ("val/chinese_garden_1k.exr", (-45, -6, 55, -0.5, "soft")),
    "flower-garden": ("real/pixel_desert_palms.jpg", (0, 0.5, 0.5, 1)),
    "snow-forest": ("val/snowy_forest_path_01_1k.exr", (-100, -8, 65, 0.6, "filmic")),
    "snow-path": ("val/snowy_forest_path_01_1k.exr", (-45, -18, 65, 0.6, "soft")),
    "snow-field": ("train/snowy_field.exr", (-170, -16, 70, 0.2, "filmic")),
    "snow-tracks": ("train/snowy_field.exr", (110, -24, 65, 0.4, "soft")),
    "beach-wide": ("train/spiaggia_di_mondello.exr", (-170, -14, 70, 0.7, "filmic")),
    "beach-trees": ("train/spiaggia_di_mondello.exr", (100, -14, 70, 0.8, "soft")),
    "sun-palms": ("real/pixel_desert_palms.jpg", (0.15, 0, 0.75, 0.6)),
    "sun-overpass": ("val/pedestrian_overpass_1k.exr", (62, 4, 55, -0.8, "filmic")),
    "sun-garden": ("val/chinese_garden_1k.exr", (28, 34, 60, -2.2, "filmic")),
    "sun-clouds": ("real/pixel_sky.jpg", (0.1, 0.05, 0.9, 0.7)),
    "sun-sea": ("val/bonita.exr", (0, 0, 1, 0.6, -0.6, "soft")),
    "lamps-stage": ("real/camera_raw_lamp.jpg", (0.2, 0.0, 1, 0.8)),
    "lamps-bridge": ("formats/lightroom_canon_multichannel.jpg", (0.3, 0.2, 0.9, 0.8)),
    "lamps-hall": ("real/pixel_lamps.jpg", (0, 0.1, 0.9, 1)),
    "lamps-launch": ("skimage:rocket.jpg", (0, 0.3, 1, 1)),
    "neon-station": ("real/pixel_train_station_night.jpg", (0.15, 0, 0.9, 0.6)),
    "neon-tubes": ("val/neon_photostudio_1k.exr", (8, 3, 45, -1.6, "filmic")),
    "neon-car": ("real/pixel_desert_wanda.jpg", (0.1, 0.1, 0.9, 0.8)),
    "windows-highrise": ("real/pixel_night_highrise.jpg", (0, 0.45, 1, 0.95)),
    "windows-bund": ("train/shanghai_bund_1k.exr", (-150, 4, 60, -3.2, "filmic")),
    "windows-room": ("val/neon_photostudio_1k.exr", (100, 2, 70, -2.0, "filmic")),
    "fire-candle": ("val/candleglass.exr", (0, 0, 1, 1, -0.6, "filmic")),
    "fire-hearth": ("train/fireplace.exr", (38, -12, 50, -1.6, "filmic")),
    "wall-chapel": ("val/thatch_chapel_1k.exr", (-165, 24, 75, -1.2, "filmic")),
    "wall-chapel-lamp": ("val/thatch_chapel_1k.exr", (18, 26, 65, -1.0, "filmic")),
    "wall-cafe": ("train/comfy_cafe.exr", (-100, 2, 60, -0.2, "filmic")),
    "wall-hall": ("real/pixel_lamps.jpg", (0.1, 0.0, 0.7, 0.5)),
}


def main() -> None:
    """Write every photo."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("-o", "--output", type=Path, default=HERE)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, (source, view) in PHOTOS.items():
        codes = scene(arguments.data / source, view) if source.endswith(".exr") else photo(arguments.data, source, view)
        picture = Pil.fromarray(codes)
        picture.thumbnail((LONGEST, LONGEST), Pil.Resampling.LANCZOS)
        picture.save(arguments.output / f"{name}.jpg", quality=QUALITY, optimize=True)


def photo(data: Path, source: str, crop: tuple[float, ...]) -> np.ndarray:
    """[h, w, 3] uint8 sRGB of a crop of an SDR photo."""
    image, _ = pipeline.read(located(data, source))
    pixels = image.pixels[..., :3] if image.pixels.ndim == 3 else np.repeat(image.pixels[..., None], 3, -1)
    light = colour.code_table(image.transfer)[pixels] @ colour.rgb_to_rgb(image.primaries, "bt709").T
    return cropped(turned_upright(encoded(light), image.orientation), crop)


def located(data: Path, source: str) -> Path:
    """The file behind "package:name", or a path below the data."""
    package, _, name = source.rpartition(":")
    if not package:
        return data / source
    return Path(importlib.util.find_spec(package).origin).parent / SAMPLES[package] / name


def scene(path: Path, view: tuple) -> np.ndarray:
    """[h, w, 3] uint8 sRGB: a view of a panorama, or a crop of a still, exposed and tone mapped by channel."""
    image, _ = pipeline.read(path)
    light = np.asarray(image.pixels[..., :3], np.float32)
    *place, ev, curve = view
    if len(place) == 3:
        yaw, pitch, fov = place
        seen = perspective(light, yaw, pitch, 0, fov, 4 / 3, LONGEST)
        seen = resized(seen, LONGEST, LONGEST * 3 // 4)
    else:
        seen = cropped(light, tuple(place))
    return encoded(CURVES[curve](np.maximum(seen, 0) * 2.0**ev))


def resized(light: np.ndarray, width: int, height: int) -> np.ndarray:
    """Light brought to a size, channel by channel."""
    planes = [Pil.fromarray(light[..., k]).resize((width, height), Pil.Resampling.BOX) for k in range(3)]
    return np.stack([np.asarray(plane) for plane in planes], -1)


def filmic(light: np.ndarray) -> np.ndarray:
    """Hable's curve, white at 8."""

    def bend(x: np.ndarray | float) -> np.ndarray | float:
        return (x * (0.15 * x + 0.05) + 0.004) / (x * (0.15 * x + 0.5) + 0.06) - 0.02 / 0.3

    return np.clip(bend(2.5 * light) / bend(8.0), 0, 1)


def soft(light: np.ndarray) -> np.ndarray:
    """An exponential shoulder."""
    return 1 - np.exp(-1.8 * light)


CURVES = {"filmic": filmic, "soft": soft}


def encoded(light: np.ndarray) -> np.ndarray:
    """sRGB codes."""
    return (np.clip(colour.linear_to_srgb(np.clip(light, 0, 1)), 0, 1) * 255 + 0.5).astype(np.uint8)


def cropped(pixels: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """The part between left, top, right and bottom, given as shares."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = shares
    return np.ascontiguousarray(
        pixels[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    )


if __name__ == "__main__":
    main()
