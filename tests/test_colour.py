"""Colour against published values, and against colour-science, which nobody here wrote."""

import warnings

import numpy as np
import pytest

from untone import colour
from untone.errors import UntoneError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it complains about plotting packages that are not installed
    import colour as witness
    from colour.models import eotf_BT1886

RAMP = np.linspace(0, 1, 4097)


@pytest.mark.parametrize(
    ("nits", "encoded"),
    [(0, 7.3095590e-07), (1, 0.1499457), (100, 0.5080784), (203, 0.5806888), (1000, 0.7518271), (10_000, 1.0)],
)
def test_pq_of_published_levels(nits, encoded):
    """BT.2408 tables: 100 nits is 51 %, diffuse white 58 %, 1000 nits 75 % PQ."""
    assert colour.nits_to_pq(np.array(nits)) == pytest.approx(encoded, rel=1e-6)
    assert colour.pq_to_nits(np.array(encoded)) == pytest.approx(nits, rel=1e-4, abs=1e-6)


def test_hlg_of_published_levels():
    """BT.2100: 1/12 of scene light is code 1/2, all of it 1; BT.2408: 75 % HLG is 203 nits on a 1000-nit display."""
    assert colour.scene_to_hlg(np.array([0, 1 / 12, 1])) == pytest.approx([0, 0.5, 1], abs=1e-7)
    assert colour.hlg_to_nits(np.full((1, 3), 0.75)) == pytest.approx(203, abs=0.5)
    assert colour.hlg_to_nits(np.ones((1, 3))) == pytest.approx(1000)


def test_sdr_curves_at_worked_points():
    """Mid-grey: ((.5 + .055) / 1.055)^2.4, .5^2.4 and .5^(563/256), worked by hand."""
    half = np.array(0.5)
    assert colour.srgb_to_linear(half) == pytest.approx(0.2140411)
    assert colour.bt1886_to_linear(half) == pytest.approx(0.1894646)
    assert colour.gamma22_to_linear(half) == pytest.approx(0.2177554, rel=1e-5)
    assert colour.srgb_to_linear(np.array(0.04045)) == pytest.approx(0.04045 / 12.92)


def test_transfer_functions_agree_with_colour_science():
    assert np.abs(colour.srgb_to_linear(RAMP) - witness.models.eotf_sRGB(RAMP)).max() < 1e-9
    assert np.abs(colour.bt1886_to_linear(RAMP) - eotf_BT1886(RAMP)).max() < 1e-9
    assert np.abs(colour.pq_to_nits(RAMP) - witness.models.eotf_ST2084(RAMP)).max() < 1e-3
    assert np.abs(colour.hlg_to_scene(RAMP) - witness.models.oetf_inverse_BT2100_HLG(RAMP)).max() < 1e-6


def test_hlg_display_light_agrees_with_colour_science():
    codes = np.random.default_rng(1).random((200, 3))
    expected = witness.models.eotf_BT2100_HLG(codes, L_B=0, L_W=1000)
    assert np.abs(colour.hlg_to_nits(codes) - expected).max() < 0.05


@pytest.mark.parametrize("name", sorted(colour.EOTFS))
def test_sdr_curves_return_and_mirror(name):
    forward, back = colour.EOTFS[name], colour.INVERSE_EOTFS[name]
    signed = np.concatenate([-RAMP[::-1], RAMP])
    assert np.abs(back(forward(signed)) - signed).max() < 1e-6
    assert np.allclose(forward(-RAMP), -forward(RAMP))


@pytest.mark.parametrize("transfer", ["srgb", "bt1886", "gamma22", "linear", "pq", "hlg"])
def test_to_linear_and_back(transfer):
    codes = np.random.default_rng(2).uniform(0.05, 0.95, (100, 3))
    light = colour.to_linear(codes, transfer, 203)
    assert np.abs(colour.from_linear(light, transfer, 203) - codes).max() < 1e-6


def test_absolute_transfers_follow_the_white():
    """Code 0.5080784 is 100 nits: half of a 200-nit white."""
    code = np.full((1, 3), 0.5080784)
    assert colour.to_linear(code, "pq", 200) == pytest.approx(0.5, rel=1e-5)


def test_published_matrices():
    """IEC 61966-2-1 prints the sRGB matrix to four digits, BT.2087 the one from BT.709 to BT.2020."""
    srgb = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    to_2020 = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
    assert np.abs(colour.rgb_to_xyz("bt709") - srgb).max() < 1e-4
    assert np.abs(colour.rgb_to_rgb("bt709", "bt2020") - to_2020).max() < 1e-4


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("bt709", (0.2126, 0.7152, 0.0722)),
        ("p3", (0.2290, 0.6917, 0.0793)),
        ("bt2020", (0.2627, 0.6780, 0.0593)),
        ("adobe_rgb", (0.2974, 0.6274, 0.0753)),
    ],
)
def test_published_luminance_weights(name, weights):
    assert colour.luminance_weights(name) == pytest.approx(weights, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "known_as"),
    [("bt709", "sRGB"), ("p3", "Display P3"), ("bt2020", "ITU-R BT.2020"), ("adobe_rgb", "Adobe RGB (1998)")],
)
def test_primaries_agree_with_colour_science(name, known_as):
    space = witness.RGB_COLOURSPACES[known_as]
    assert np.allclose(colour.PRIMARIES[name], space.primaries)
    assert np.abs(colour.rgb_to_xyz(name) - space.matrix_RGB_to_XYZ).max() < 1e-3


@pytest.mark.parametrize("source", sorted(colour.PRIMARIES))
@pytest.mark.parametrize("target", sorted(colour.PRIMARIES))
def test_white_stays_white_between_primaries(source, target):
    matrix = colour.rgb_to_rgb(source, target)
    assert matrix @ np.ones(3) == pytest.approx([1, 1, 1])
    assert np.allclose(matrix @ colour.rgb_to_rgb(target, source), np.eye(3))


def test_code_tables_hold_the_light_of_every_code():
    table = colour.code_table("srgb")
    assert table.shape == (256,)
    assert table.dtype == np.float32
    assert (table[0], table[255]) == (0, 1)
    assert table[128] == pytest.approx(((128 / 255 + 0.055) / 1.055) ** 2.4, rel=1e-6)
    assert colour.code_table("pq", 65535)[-1] == pytest.approx(10_000 / 203)


def test_hlg_has_no_table():
    with pytest.raises(UntoneError, match="HLG has no table"):
        colour.code_table("hlg")
