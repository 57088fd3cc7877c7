"""Metrics against values worked by hand, against published values and against independent libraries."""

import warnings

import numpy as np
import pytest

from untone.lab import metrics
from untone.lab.metrics import domains, fidelity


def smooth_pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture and a distorted one, made of waves, so that every machine has the same."""
    y, x = np.mgrid[0:height, 0:width] / 64
    planes = [0.5 + 0.25 * np.sin(3 * x + k) * np.cos(2 * y - k) + 0.2 * np.sin(11 * x * y / 4 + k) for k in range(3)]
    truth = np.stack(planes, -1)
    made = truth * 1.03 + 0.02 * np.sin(40 * x + 23 * y)[..., None]
    return np.clip(made, 0, 1), np.clip(truth, 0, 1)


def colour_science():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("colour", reason="colour-science is not installed")


def test_pq_psnr_by_hand() -> None:
    """203 nits is PQ 0.580689; black against it is 20 log10 of that."""
    assert metrics.pq_psnr(np.zeros((2, 2, 3)), np.ones((2, 2, 3))) == pytest.approx(-20 * np.log10(0.580689), abs=1e-3)


def test_one_pair_has_many_psnrs_and_each_is_what_its_name_says() -> None:
    truth = np.array([[[4.0, 4, 4], [1, 1, 1]]])
    made = np.array([[[4.0, 4, 4], [1.2, 1.2, 1.2]]])
    error = 0.5 * 0.2**2  # greys keep their value in BT.2020
    assert metrics.linear_psnr(made, truth) == pytest.approx(-10 * np.log10(error / 16), abs=1e-6)
    assert metrics.linear_psnr(made, truth, peak_nits=10_000) == pytest.approx(
        -10 * np.log10(error * (203 / 1e4) ** 2), abs=1e-6
    )
    codes = [np.log1p(5000 * v) / np.log(5001) for v in (0.3, 0.25)]
    assert metrics.mu_psnr(made, truth) == pytest.approx(-10 * np.log10(0.5 * (codes[0] - codes[1]) ** 2), abs=1e-6)
    assert metrics.psnr(truth, truth) == pytest.approx(120)


def test_alignment_takes_away_exposure_and_nothing_else() -> None:
    truth = np.random.default_rng(0).uniform(0.01, 3, (40, 40, 3))
    dimmed = truth * 2.0**-0.75
    assert fidelity.exposure(dimmed, truth) == pytest.approx(2**0.75)
    assert metrics.aligned_pq_psnr(dimmed, truth) > 100
    noisy = truth * np.random.default_rng(1).uniform(0.8, 1.2, truth.shape)
    assert metrics.pq_psnr(noisy, truth) <= metrics.aligned_pq_psnr(noisy * 0.5, truth) + 0.1 < 60


def test_delta_e_itp_agrees_with_colour_science() -> None:
    colour = colour_science()
    random = np.random.default_rng(0)
    light = random.random((8, 8, 3)) * 4
    other = light * random.uniform(0.9, 1.1, light.shape)
    spaces = colour.RGB_COLOURSPACES
    matrix = colour.matrix_RGB_to_RGB(spaces["ITU-R BT.709"], spaces["ITU-R BT.2020"], None)
    ours = metrics.delta_e_itp(light, other)
    pair = [colour.RGB_to_ICtCp(np.maximum(x @ matrix.T, 0) * 203, method="ITU-R BT.2100-2 PQ") for x in (light, other)]
    theirs = colour.delta_E(pair[0], pair[1], method="ITP").mean()
    assert ours == pytest.approx(theirs, rel=2e-3)  # colour rounds the BT.709 primaries' matrix
    twenty = metrics.delta_e_itp(light, other, "bt2020")
    exact = [colour.RGB_to_ICtCp(x * 203, method="ITU-R BT.2100-2 PQ") for x in (light, other)]
    assert twenty == pytest.approx(colour.delta_E(*exact, method="ITP").mean(), rel=1e-9)


def test_pq_and_ipt_and_lab_agree_with_colour_science() -> None:
    colour = colour_science()
    light = np.random.default_rng(2).random((6, 5, 3)) * 5
    nits = np.geomspace(0.005, 10_000, 40)
    assert domains.colour.nits_to_pq(nits) == pytest.approx(colour.models.eotf_inverse_ST2084(nits), abs=1e-12)
    xyz = domains.xyz(light)
    assert domains.ipt(light) == pytest.approx(colour.XYZ_to_IPT(xyz), abs=1e-9)
    white = colour.XYZ_to_xy(domains.xyz(np.ones(3)))
    assert domains.lab(light) == pytest.approx(colour.XYZ_to_Lab(xyz, white), abs=1e-9)


SHARMA = (
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
)
"""Sharma, Wu and Dalal 2005, table 1."""


@pytest.mark.parametrize(("first", "second", "expected"), SHARMA)
def test_ciede2000_gives_the_published_test_data(first, second, expected) -> None:
    assert metrics.ciede2000(np.array(first, float), np.array(second, float)) == pytest.approx(expected, abs=5e-5)
    assert metrics.ciede2000(np.array(second, float), np.array(first, float)) == pytest.approx(expected, abs=5e-5)


def test_ciede2000_agrees_with_two_libraries_at_random_colours() -> None:
    colour, skimage = colour_science(), pytest.importorskip("skimage.color", reason="scikit-image is not installed")
    random = np.random.default_rng(3)
    first = np.stack([random.uniform(0, 140, 4000), *random.uniform(-120, 120, (2, 4000))], -1)
    second = first + random.normal(0, 15, first.shape)
    first[:40, 1:] = 0
    ours = metrics.ciede2000(first, second)
    assert ours == pytest.approx(skimage.deltaE_ciede2000(first, second), abs=1e-9)
    assert ours == pytest.approx(colour.delta_E(first, second, method="CIE 2000"), abs=1e-9)


def test_the_white_of_delta_e_2000_is_203_nits() -> None:
    """Half of SDR white is L* 76.07 (116 cbrt(1/2) - 16), and greys differ by S_L alone."""
    half = domains.lab(np.full((1, 1, 3), 0.5))[0, 0]
    assert half == pytest.approx([116 * 0.5 ** (1 / 3) - 16, 0, 0], abs=1e-9)
    assert metrics.delta_e_2000(np.ones((2, 2, 3)), np.ones((2, 2, 3))) == 0
    assert metrics.delta_e_ipt(np.ones((2, 2, 3)), np.zeros((2, 2, 3))) == pytest.approx(100, rel=2e-3)


def test_ssim_agrees_with_scikit_image() -> None:
    skimage = pytest.importorskip("skimage.metrics", reason="scikit-image is not installed")
    made, truth = smooth_pair(60, 75)
    theirs = skimage.structural_similarity(
        made, truth, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0, channel_axis=-1
    )
    assert metrics.ssim(made, truth) == pytest.approx(theirs, abs=1e-9)
    assert metrics.ssim(made * 255, truth * 255, 255) == pytest.approx(theirs, abs=1e-9)


PIQ_SSIM = {(90, 130): 0.9071053741167298, (300, 420): 0.9506531968721653, (640, 771): 0.9765652293215683}
"""piq 0.8.0 `ssim(downsample=False)`; by default it shrinks large pictures: 0.9886 for the last."""

PIQ_SR_SIM = {(90, 130): 0.869157047534295, (300, 420): 0.9857908920041666, (640, 771): 0.9872061834810029}
"""piq 0.8.0 `srsim`, data range 1."""


@pytest.mark.parametrize("shape", PIQ_SSIM)
def test_ssim_and_sr_sim_give_the_values_of_piq(shape) -> None:
    made, truth = smooth_pair(*shape)
    assert metrics.ssim(made, truth) == pytest.approx(PIQ_SSIM[shape], abs=1e-9)
    assert metrics.sr_sim(made, truth) == pytest.approx(PIQ_SR_SIM[shape], abs=5e-6)


def test_equal_pictures_are_alike_and_small_ones_are_refused() -> None:
    _, truth = smooth_pair(64, 50)
    assert metrics.ssim(truth, truth) == pytest.approx(1)
    assert metrics.sr_sim(truth, truth) == pytest.approx(1)
    with pytest.raises(metrics.domains.colour.UntoneError, match="11 x 11"):
        metrics.ssim(truth[:10], truth[:10])
    with pytest.raises(metrics.domains.colour.UntoneError, match="40 x 40"):
        metrics.sr_sim(truth[:39], truth[:39])


def test_sr_sim_depends_on_the_scale_its_constants_belong_to() -> None:
    made, truth = smooth_pair(90, 130)
    assert metrics.sr_sim(made * 65535, truth * 65535, 65535) == pytest.approx(metrics.sr_sim(made, truth))
    assert abs(metrics.sr_sim(made, truth, 255.0) - metrics.sr_sim(made, truth)) > 0.01


def test_equal_gains_do_not_turn_hues_and_swapped_channels_do() -> None:
    base = np.random.default_rng(0).uniform(0.05, 0.4, (16, 16, 3))
    assert metrics.hue_shift_degrees(base * 1.5, base) < 6
    assert metrics.hue_shift_degrees(base[..., ::-1], base) > 30
    assert metrics.hue_shift_degrees(base, base) == 0


def test_black_lift_counts_only_dark_pixels() -> None:
    base = np.full((4, 4, 3), 0.5)
    base[0] = 0.001
    assert metrics.black_lift_nits(base + 0.001, base) == pytest.approx(0.203)
    assert metrics.black_lift_nits(base * 2, np.ones((4, 4, 3))) == 0


def test_brightness_share_and_peak_by_hand() -> None:
    base = np.full((10, 10, 3), 0.25)
    light = base.copy()
    light[:2] = 4.0
    assert metrics.brightness_stops(light, base) == pytest.approx(np.log2((0.8 * 0.25 + 0.2 * 4) / 0.25))
    assert metrics.share_above_white(light) == pytest.approx(0.2)
    assert metrics.share_above_white(base * 4) == 0
    assert metrics.peak_stops(light) == pytest.approx(2)


def test_degrees_of_hdr_and_of_wide_gamut_by_hand() -> None:
    light = np.zeros((1, 4, 3))
    light[0, 0], light[0, 1] = 1000 / 203, 550 / 203
    share, extent = metrics.highlights(light)
    assert share == pytest.approx(0.5)
    assert extent == pytest.approx((0.9 + 0.45) / 0.9 / 4)
    assert metrics.wide_gamut(light) == pytest.approx((0, 0), abs=1e-6)
    green = np.zeros((1, 1, 3))
    green[0, 0, 1] = 1000 / 203
    outside, lost = metrics.wide_gamut(green)  # BT.709 of BT.2020 green: red and blue below 0, green above 1
    assert outside == pytest.approx(1)
    assert 0.5 < lost < 1.2


def test_a_rendition_works_out_the_same_domains_strip_by_strip(monkeypatch) -> None:
    monkeypatch.setattr(domains, "STRIP_PIXELS", 40)
    light = np.random.default_rng(4).random((23, 13, 3)) * 6
    rendition = metrics.Rendition(light, "p3")
    assert rendition.pq == pytest.approx(metrics.pq_encoded(light, "p3"), abs=1e-6)
    assert rendition.ictcp == pytest.approx(metrics.ictcp(light, "p3"), abs=1e-6)
    rounded = rendition.rounded()
    assert np.rint(rounded.pq * 65535) == pytest.approx(np.rint(rendition.pq * 65535))
    assert metrics.pq_encoded(rounded.light, "bt2020") == pytest.approx(rounded.pq, abs=1e-6)
