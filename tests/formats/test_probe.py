"""What `inspect` prints."""

import json

import numpy as np

from untone import formats
from untone.formats.profiles.icc import named_profile
from untone.image import Image


def test_probe_of_an_ultra_hdr_file_has_every_number(saved, gain_map):
    photo = saved("JPEG", icc_profile=named_profile("p3", "srgb"))
    found = formats.probe(formats.write(None, formats.read(photo)[0], gain_map)).as_dict()
    assert json.loads(json.dumps(found)) == {
        "format": "jpeg",
        "width": 32,
        "height": 24,
        "base": {"primaries": "p3", "transfer": "srgb", "bits": 8},
        "gain_map": {
            "width": 16,
            "height": 12,
            "channels": 3,
            "min_stops": [-0.5, -0.25, 0.0],
            "max_stops": [1.0, 2.0, 3.0],
            "gamma": [1.0, 1.25, 0.75],
            "base_offset": [0.015625, 0.01, 0.0],
            "alternate_offset": [0.015625, 0.02, 0.001],
            "base_headroom_stops": 0.0,
            "alternate_headroom_stops": 2.5,
            "use_base_colour_space": True,
            "encodings": ["iso21496-1", "hdrgm-xmp"],
        },
        "orientation": 1,
        "icc": "untone p3 srgb",
        "warnings": [],
    }


def test_probe_of_a_plain_photo_has_no_gain_map(saved):
    found = formats.probe(saved("JPEG"))
    assert (found.gain_map, found.icc, found.base.primaries, found.warnings) == (None, None, "bt709", [])


def test_probe_of_a_one_channel_map_lists_one_number(pixels):
    from untone.image import GainMap

    grey = GainMap(np.zeros((3, 3, 1), np.uint8), (0,) * 3, (1,) * 3)
    found = formats.probe(formats.write(None, Image(pixels), grey)).gain_map
    assert (found.channels, found.max_stops, found.gamma) == (1, [1.0], [1.0])


def test_probe_decodes_no_pixel(saved, gain_map, monkeypatch):
    import imagecodecs

    data = formats.write(None, formats.read(saved("JPEG"))[0], gain_map)
    monkeypatch.setattr(imagecodecs, "jpeg8_decode", None)
    assert formats.probe(data).gain_map is not None


def test_probe_of_pq_says_pq(pixels):
    light = Image(pixels.astype(np.float32) / 50, transfer="linear", bits=32)
    found = formats.probe(formats.write(None, light, format="png"))
    assert (found.base.primaries, found.base.transfer, found.base.bits) == ("bt2020", "pq", 16)
