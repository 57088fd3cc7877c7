"""PQ and HLG that only an ICC profile says: by its curve, or by its name where its curve is none of ours."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import colour, formats, pipeline
from untone.formats.profiles import icc
from untone.formats.profiles.icc import COLUMNS, CURVES, D50, d50_matrix, describe


def profile(name: str, curve: np.ndarray, primaries: str = "bt2020") -> bytes:
    table = np.clip(curve * 65535 + 0.5, 0, 65535).astype(">u2").tobytes()
    body = b"curv" + bytes(4) + (len(table) // 2).to_bytes(4, "big") + table
    matrix = d50_matrix(primaries)
    tags = [(b"desc", icc._text(name)), (b"cprt", icc._text("CC0")), (b"wtpt", icc._xyz(D50))]
    tags += [(column, icc._xyz(matrix[:, i])) for i, column in enumerate(COLUMNS)]
    return icc._profile(tags + [(curve_name, body) for curve_name in CURVES])


CODES = np.linspace(0, 1, 4096)
PQ = colour.pq_to_nits(CODES) / 10_000
HLG = colour.hlg_to_scene(CODES)


@pytest.mark.parametrize(
    ("name", "curve", "primaries", "expected"),
    [
        ("RGB_D65_202_Rel_PeQ", PQ, "bt2020", ("bt2020", "pq")),
        ("nothing", PQ, "p3", ("p3", "pq")),
        ("nothing", HLG, "bt2020", ("bt2020", "hlg")),
        ("nothing", HLG**1.2, "bt2020", ("bt2020", "hlg")),
        ("ITUR_2100_PQ_FULL", np.minimum(PQ * 50, 1), "bt2020", ("bt2020", "pq")),
        ("ITUR_2100_HLG_FULL", CODES**3, "bt2020", ("bt2020", "hlg")),
        ("ITUR_2100_PQ_FULL", colour.srgb_to_linear(CODES), "bt709", ("bt2020", "pq")),
        ("Display P3 PQ", CODES**3, "p3", ("p3", "pq")),
        ("Paper PQ 12", CODES**3, "bt709", ("bt709", None)),
        ("2020 PQ says its name", colour.srgb_to_linear(CODES), "bt2020", ("bt2020", "srgb")),
        ("gamma 8", CODES**8, "bt2020", ("bt2020", None)),
        ("nothing", CODES**2.2, "bt2020", ("bt2020", "gamma22")),
    ],
)
def test_by_curve_and_by_name(name, curve, primaries, expected):
    found = describe(profile(name, curve, primaries))
    assert (found.primaries, found.transfer) == expected


def test_a_jpeg_is_hdr_by_its_profile(tmp_path):
    stream = io.BytesIO()
    Pillow.new("RGB", (16, 16), (148, 148, 148)).save(stream, "JPEG", quality=100, icc_profile=profile("x", PQ))
    image = formats.read(stream.getvalue())[0]
    assert (image.primaries, image.transfer, image.is_hdr) == ("bt2020", "pq", True)
    assert formats.probe(stream.getvalue()).base.transfer == "pq"
    assert "HDR already (PQ)" in pipeline.convert(stream.getvalue(), None).left_alone
    pipeline.transcode(stream.getvalue(), tmp_path / "a.avif", "avif")
    again = formats.read(tmp_path / "a.avif")[0]
    assert again.transfer == "pq"
    nits = colour.pq_to_nits(np.median(again.pixels) / np.iinfo(again.pixels.dtype).max)
    assert nits == pytest.approx(203, rel=0.03)
