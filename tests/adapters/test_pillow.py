"""untone.pillow: gain maps through Pillow's own open and save, in step with crops and turns; all else as before."""

import io
import pickle
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageFile, ImageOps

import untone
import untone.pillow
from untone import DamagedError, GainMap, Image, UnsupportedError, UntoneError, UsageError

ROOT = Path(__file__).parents[2]
HEIGHT, WIDTH = 48, 64


def codes(height=HEIGHT // 2, width=WIDTH // 2, channels=3):
    """Another gradient in each channel and direction, so that no turn leaves it as it was."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    planes = [x * 200, y * 150 + x * 20, 240 - x * 100 - y * 60][:channels]
    return np.stack(planes, axis=2).astype(np.uint8)


def gain_map(**fields):
    return GainMap(codes(**fields), (0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2.0)


def scene():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 4, y * 5, 255 - x * 2 - y], axis=2).astype(np.uint8)


def photo(name="jpeg", orientation=1, **options):
    return untone.write(None, Image(scene(), orientation=orientation), gain_map(), format=name, **options)


def opened(data):
    return Pillow.open(io.BytesIO(data))


def saved(image, name="JPEG", **options):
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["jpeg", "avif"])
def test_a_gain_map_is_in_info(name):
    data = photo(name)
    found = opened(data).info["gain_map"]
    expected = untone.read(data)[1]
    assert np.array_equal(found.codes, expected.codes)
    assert found.max_stops == expected.max_stops
    assert found.encodings == expected.encodings


def test_a_gain_map_is_there_after_the_file_is_closed(tmp_path):
    (tmp_path / "a.jpg").write_bytes(photo())
    with Pillow.open(tmp_path / "a.jpg") as image:
        image.load()
    assert image.info["gain_map"].width == WIDTH // 2


def test_opening_and_changing_decode_no_gain_map(monkeypatch):
    from untone.formats.jpeg import codec

    decoded = []
    monkeypatch.setattr(codec, "decode", lambda *_: decoded.append(1))
    image = opened(photo())
    assert "gain_map" in image.info
    image.resize((9, 9))
    assert not decoded
    untone.pillow.resize(image, (9, 9))
    assert not decoded


def test_opening_an_ordinary_jpeg_loads_nothing_of_ours():
    code = (
        "import sys, io, untone.pillow; from PIL import Image\n"
        "s = io.BytesIO(); Image.new('RGB', (8, 8)).save(s, 'jpeg'); im = Image.open(io.BytesIO(s.getvalue()))\n"
        "assert type(im.info) is dict and 'gain_map' not in im.info\n"
        "assert not {'numpy', 'imagecodecs', 'untone.formats', 'untone.image'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["JPEG", "AVIF"])
def test_saved_and_opened_again(name):
    expected = gain_map()
    data = saved(Pillow.fromarray(scene()), name, gain_map=expected, gain_map_quality=100, quality=90)
    image, found = untone.read(data)
    assert found.alternate_headroom_stops == 2.0
    assert np.abs(found.codes.astype(int) - expected.codes).max() <= 3
    assert np.array_equal(opened(data).info["gain_map"].codes, found.codes)
    alone = saved(Pillow.fromarray(scene()), name, quality=90)
    assert np.array_equal(image.pixels, untone.read(alone)[0].pixels)


def test_a_jpeg_keeps_everything_that_pillow_wrote():
    """Progressive, EXIF, ICC profile, quality tables: the base is the file that Pillow writes without the gain map."""
    exif = Pillow.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    icc = opened(untone.write(None, Image(scene(), primaries="p3"))).info["icc_profile"]
    options = {
        "progressive": True,
        "exif": exif,
        "icc_profile": icc,
        "quality": 71,
        "subsampling": 2,
        "dpi": (300, 300),
    }
    plain, made = (saved(Pillow.fromarray(scene()), **options, **more) for more in ({}, {"gain_map": gain_map()}))
    for name in ("progressive", "exif", "icc_profile", "dpi"):
        assert opened(made).info[name] == opened(plain).info[name], name
    assert opened(made).quantization == opened(plain).quantization
    scan = plain[plain.index(b"\xff\xdb") :]
    assert made[made.index(b"\xff\xdb") :].startswith(scan)


def test_the_map_of_a_file_is_carried_over_and_quality_keep_keeps_the_photo():
    image = opened(photo())
    again = saved(image, quality="keep", gain_map=image.info["gain_map"])
    assert np.array_equal(untone.read(again)[1].codes, untone.read(photo())[1].codes)
    assert opened(again).quantization == image.quantization
    assert image.info["gain_map"].encoded[-2000:] in again


def test_saving_without_one_is_as_before():
    image = opened(photo())
    assert b"hdrgm" not in saved(image)
    assert saved(image) == saved(Pillow.fromarray(np.asarray(image)), icc_profile=image.info.get("icc_profile"))


def test_files_with_several_pictures_stay_so(tmp_path):
    first, second = (Pillow.new("RGB", (32, 24), colour) for colour in ("red", "blue"))
    data = saved(first, "MPO", save_all=True, append_images=[second])
    image = opened(data)
    assert (image.format, image.n_frames, "gain_map" in image.info) == ("MPO", 2, False)
    image.seek(1)
    assert image.getpixel((3, 3))[2] > 200


def test_a_file_with_iso_metadata_alone_is_what_pillow_makes_of_it():
    """Pillow 13 takes it for an MPO of two pictures; the gain map is there all the same."""
    image = opened(photo().replace(b"hdrgm:Version", b"hdrgm:Verzion"))
    assert image.format == "MPO"
    assert image.info["gain_map"].width == WIDTH // 2


BOXES = [(0, 0, 64, 48), (10, 6, 43, 31), (1, 1, 2, 2), (32, 0, 64, 24), (63, 47, 64, 48)]


@pytest.mark.parametrize("box", BOXES)
def test_crops_cut_the_map_where_the_picture_is_cut(box):
    """Its codes are a gradient: the middle of the part says where it was."""
    image = opened(photo("avif"))
    made = untone.pillow.crop(image, box)
    assert made.size == image.crop(box).size
    found, whole = made.info["gain_map"], image.info["gain_map"]
    area = whole.codes[box[1] // 2 : -(-box[3] // 2), box[0] // 2 : -(-box[2] // 2)]
    assert np.abs(found.codes.mean(axis=(0, 1)) - area.mean(axis=(0, 1))).max() < 5
    assert abs(found.width - (box[2] - box[0]) / 2) <= 0.5
    assert np.array_equal(np.asarray(made), np.asarray(image.crop(box)))


@pytest.mark.parametrize("size", [(32, 24), (64, 48), (128, 96), (7, 5), (1, 1)])
def test_sizes_take_the_map_along_and_never_enlarge_it(size):
    image = opened(photo())
    made = untone.pillow.resize(image, size)
    found = made.info["gain_map"]
    assert made.size == size
    assert (found.width, found.height) == (min(32, max(1, round(size[0] / 2))), min(24, max(1, round(size[1] / 2))))
    assert np.abs(found.codes.mean(axis=(0, 1)) - image.info["gain_map"].codes.mean(axis=(0, 1))).max() < 3
    assert untone.read(saved(made, gain_map=found))[1].width == found.width


@pytest.mark.parametrize("size", [(128, 24), (16, 96), (200, 100)])
def test_pictures_that_are_stretched_can_be_saved_with_their_map(size):
    made = untone.pillow.resize(opened(photo()), size)
    found = made.info["gain_map"]
    assert (found.width <= 32, found.height <= 24) == (True, True)
    assert untone.read(saved(made, gain_map=found))[1].height == found.height


def test_a_size_of_a_box():
    image = opened(photo())
    found = untone.pillow.resize(image, (16, 12), box=(32, 24, 64, 48)).info["gain_map"]
    cropped = untone.pillow.resize(untone.pillow.crop(image, (32, 24, 64, 48)), (16, 12)).info["gain_map"]
    assert np.abs(found.codes.astype(int) - cropped.codes).max() <= 2  # the second way rounds twice


@pytest.mark.parametrize("method", list(Pillow.Transpose))
def test_turns_turn_both_alike(method):
    """The map turned by Pillow as a picture of its own is the map of the turned picture."""
    image = opened(photo())
    made = untone.pillow.transpose(image, method)
    by_itself = Pillow.fromarray(image.info["gain_map"].codes).transpose(method)
    assert np.array_equal(made.info["gain_map"].codes, np.asarray(by_itself))
    assert np.array_equal(np.asarray(made), np.asarray(image.transpose(method)))


@pytest.mark.parametrize("angle", [0, 90, 180, 270, -90, 450])
def test_quarter_turns(angle):
    image = opened(photo())
    made = untone.pillow.rotate(image, angle)
    assert np.array_equal(np.asarray(made), np.asarray(image.rotate(angle, expand=True)))
    by_itself = Pillow.fromarray(image.info["gain_map"].codes).rotate(angle, expand=True)
    assert np.array_equal(made.info["gain_map"].codes, np.asarray(by_itself))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["jpeg", "avif"])
def test_exif_orientation_turns_both(name, orientation):
    image = opened(photo(name, orientation))
    made = untone.pillow.exif_transpose(image)
    assert np.array_equal(np.asarray(made), np.asarray(ImageOps.exif_transpose(image)))
    expected = untone.image.turned_upright(image.info["gain_map"].codes, orientation)
    assert np.array_equal(made.info["gain_map"].codes, expected)


def test_functions_of_a_picture_without_a_map_are_pillows():
    image = Pillow.fromarray(scene())
    for made in (
        untone.pillow.crop(image, (-3, 2, 9, 8)),
        untone.pillow.resize(image, (9, 8)),
        untone.pillow.rotate(image, 90),
    ):
        assert "gain_map" not in made.info


def test_what_pillow_makes_of_a_picture_has_no_map_that_would_not_fit():
    image = opened(photo())
    for made in (image.crop((0, 0, 9, 9)), image.transpose(Pillow.Transpose.ROTATE_180), image.convert("L")):
        assert "gain_map" not in made.info
    image.thumbnail((16, 16))
    assert image.info["gain_map"].width == WIDTH // 2


def test_a_copy_has_the_map_of_what_it_is_a_copy_of():
    """Decoded when it is asked for, also of a copy's copy, and after the picture itself is gone."""
    twice = opened(photo()).copy().copy()
    assert np.array_equal(twice.info["gain_map"].codes, opened(photo()).info["gain_map"].codes)
    assert "gain_map" not in twice.crop((0, 0, 9, 9)).info
    assert "gain_map" in twice.rotate(0).info  # Pillow's word for a copy
    assert opened(saved(twice, gain_map=twice.info["gain_map"])).info["gain_map"] is not None
    one = opened(photo())
    del one.info["gain_map"]
    assert "gain_map" not in one.copy().info


def test_info_is_a_dict_like_any_other():
    data = photo()
    for found in (dict(opened(data).info), {**opened(data).info}, dict(opened(data).info.items())):
        assert isinstance(found["gain_map"], GainMap)
    assert isinstance(opened(data).info.get("gain_map"), GainMap)
    assert isinstance(opened(data).info.setdefault("gain_map"), GainMap)
    image = opened(data)
    assert isinstance(pickle.loads(pickle.dumps(image)).info["gain_map"], GainMap)
    assert isinstance(image.info.pop("gain_map"), GainMap)
    assert "gain_map" not in image.info
    image.info["gain_map"] = 3
    assert image.info["gain_map"] == 3
    del image.info["gain_map"]
    assert image.info.get("gain_map") is None


def test_a_broken_map_opens_as_before_and_is_said_where_it_is_asked_for():
    data = bytearray(photo())
    start = data.rindex(b"\xff\xda")
    image = opened(bytes(data[: start + 12]))
    assert "gain_map" not in image.info
    assert image.getpixel((0, 0))
    frame = data.rindex(b"\xff\xc0")
    data[frame + 5 : frame + 9] = b"\x30\0\x30\0"  # a size that so few bytes cannot hold
    with pytest.raises(DamagedError, match="cannot hold"):
        opened(bytes(data)).info["gain_map"]


@pytest.mark.parametrize(
    ("mode", "name", "given", "error", "said"),
    [
        ("RGB", "PNG", gain_map(), UnsupportedError, "not into this"),
        ("RGB", "TIFF", gain_map(), UnsupportedError, "not into this"),
        ("CMYK", "JPEG", gain_map(), UnsupportedError, "not of mode CMYK"),
        ("RGB", "JPEG", gain_map(width=24), UntoneError, "other proportions"),
        ("RGB", "JPEG", "map", UsageError, "not str"),
    ],
)
def test_what_cannot_be_saved_is_refused(mode, name, given, error, said):
    with pytest.raises(error, match=said):
        saved(Pillow.fromarray(scene()).convert(mode), name, gain_map=given)


def test_several_pictures_and_a_map_are_refused():
    image = Pillow.fromarray(scene())
    with pytest.raises(UnsupportedError, match="one JPEG"):
        saved(image, "AVIF", save_all=True, append_images=[image], gain_map=gain_map())


@pytest.mark.parametrize("quality", [0, 101])
def test_qualities_out_of_range(quality):
    with pytest.raises(UsageError, match="1 to 100"):
        saved(Pillow.fromarray(scene()), gain_map=gain_map(), gain_map_quality=quality)


def test_angles_and_boxes_that_no_map_follows():
    image = opened(photo())
    with pytest.raises(ValueError, match="multiple of 90"):
        untone.pillow.rotate(image, 30)
    with pytest.raises(ValueError, match="expand must be True"):
        untone.pillow.rotate(image, 90, expand=False)
    with pytest.raises(ValueError, match="not within 64 x 48"):
        untone.pillow.crop(image, (-1, 0, 9, 9))


def test_registering_twice_is_once():
    before = dict(Pillow.OPEN), dict(Pillow.SAVE)
    untone.pillow.register()
    assert before == (Pillow.OPEN, Pillow.SAVE)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_heic_through_its_plugin(orientation):
    """pillow-heif turns the pixels itself; the map comes turned alike."""
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    untone.pillow.register()
    data = photo("heic", orientation)
    image = opened(data)
    shown = untone.pillow.exif_transpose(image)
    assert shown.size == ((WIDTH, HEIGHT) if orientation < 5 else (HEIGHT, WIDTH))
    expected = untone.image.turned_upright(untone.read(data)[1].codes, orientation)
    assert np.array_equal(shown.info["gain_map"].codes, expected)
    again = saved(image, "HEIF", gain_map=image.info["gain_map"], quality=90)
    assert untone.read(again)[1].max_stops == (2.0,) * 3


class Jxl(ImageFile.ImageFile):
    """A plugin of the shape of pillow-jxl-plugin: reads all at once, and libjxl turns the pixels."""

    format = "JXL"

    def _open(self):
        data = self.fp.read()
        pixels = imagecodecs.jpegxl_decode(data)
        stored, orientation = scene().shape[:2], untone.read(data)[0].orientation
        if orientation > 1 and pixels.shape[:2] == stored:
            pixels = np.ascontiguousarray(untone.image.turned_upright(pixels, orientation))
        self._size, self._mode, self.tile = pixels.shape[1::-1], "RGB", []
        self.im = Pillow.fromarray(pixels).im


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_jpeg_xl_through_a_plugin(monkeypatch, orientation):
    monkeypatch.setattr(Pillow, "ID", [*Pillow.ID])
    for table in ("OPEN", "SAVE"):
        monkeypatch.setattr(Pillow, table, dict(getattr(Pillow, table)))
    Pillow.register_open("JXL", Jxl, lambda head: head.startswith(b"\0\0\0\x0cJXL "))
    Pillow.register_save("JXL", lambda image, fp, _: fp.write(imagecodecs.jpegxl_encode(np.asarray(image), level=90)))
    untone.pillow.register()
    image, stored = opened(photo("jxl", orientation)), untone.read(photo("jxl", orientation))[1]
    expected = untone.image.turned_upright(stored.codes, orientation)
    assert np.array_equal(image.info["gain_map"].codes, expected)
    again = opened(saved(image, "JXL", gain_map=image.info["gain_map"])).info["gain_map"]
    assert np.abs(again.codes.astype(int) - expected).mean() < 3
