"""Networks that see every pixel: tiled equals untiled equals torch, in memory that tiles bound, at any size."""

import threading

import numpy as np
import pytest
import torch
from pictures import photo

from untone import colour, kernels, models
from untone.errors import LimitError
from untone.lab.nets import gmnet as gmnet_net
from untone.lab.nets import irnet as irnet_net
from untone.models import gmnet, irnet, itmlut, tiles

ONE_CODE = 1 / 255
WHOLE = 1 << 20


def run(model, pixels, **how):
    return (model.gain_stops if hasattr(model, "gain_stops") else model.light)(pixels, **how)


def compared(values):
    """Light as PQ, where one code is one code; gains of a few stops as they are."""
    return colour.nits_to_pq(values * 203.0) if values.shape[2] == 3 else values


def batch(pixels):
    return torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None]


@pytest.mark.parametrize(("name", "side"), [("gmnet", 34), ("gmnet_half", 20), ("irnet", 30), ("itmlut", 40)])
def test_tiled_is_untiled(files, name, side):
    model, pixels = models.load(files[name]), photo(131, 90)
    whole, tiled = (compared(run(model, pixels, side=s)) for s in (WHOLE, side))
    assert whole.std() > 0.02
    assert np.abs(whole - tiled).max() < ONE_CODE / 20


def test_tiled_is_untiled_at_four_times_the_size(files):
    model, pixels = models.load(files["irnet_large"]), photo(61, 43)
    whole, tiled = (compared(model.light(pixels, side=s)) for s in (WHOLE, 16))
    assert whole.shape == (244, 172, 3)
    assert whole.std() > 0.02
    assert np.abs(whole - tiled).max() < ONE_CODE / 20


@pytest.mark.slow
@pytest.mark.parametrize(("name", "side"), [("gmnet", 64), ("gmnet_half", 64), ("irnet", 64), ("itmlut", 64)])
def test_tiled_is_untiled_on_a_larger_picture(files, name, side):
    model, pixels = models.load(files[name]), photo(500, 700)
    whole, tiled = (compared(run(model, pixels, side=s)) for s in (WHOLE, side))
    assert np.abs(whole - tiled).max() < ONE_CODE / 20


def test_statistics_of_a_tile_would_not_do(files):
    """The attention reads the whole picture: a part by itself comes out otherwise, so the passes are needed."""
    model, pixels = models.load(files["irnet"]), photo(131, 90)
    pixels[60:] //= 16
    whole, part = compared(model.light(pixels, side=30)), compared(model.light(pixels[:50]))
    assert np.abs(whole - compared(model.light(pixels))).max() < ONE_CODE / 20
    assert np.abs(whole[:40] - part[:40]).max() > ONE_CODE / 2


def test_gmnet_is_torchs(files, nets):
    pixels = photo(30, 46)
    thumbnail = torch.from_numpy(kernels.thumbnail(pixels))[None]
    with torch.no_grad():
        _, scaled = nets["gmnet"](batch(pixels), thumbnail)
    expected = 3 * scaled[0, 0].clamp(0, 1).numpy()
    found = models.load(files["gmnet"]).gain_stops(pixels)
    assert found.shape == (30, 46, 1)
    assert found.dtype == np.float32
    assert np.abs(found[..., 0] - expected).max() < 1e-4


def test_gmnet_for_real_photos_sees_half_the_size(files, nets):
    """Odd sizes: the last row and column go on, as they do under the cubic filter and the convolutions."""
    pixels = photo(31, 45)
    half = gmnet.halved(pixels)
    assert half.shape == (16, 23, 3)
    thumbnail = torch.from_numpy(kernels.thumbnail(pixels))[None]
    padded = np.pad(half, ((0, 0), (0, 1), (0, 0)), mode="edge")
    with torch.no_grad():
        _, scaled = nets["gmnet_half"](torch.from_numpy(padded).permute(2, 0, 1)[None], thumbnail)
    model = models.load(files["gmnet_half"])
    found = model.gain_stops(pixels)
    assert (model.scale, model.offset, found.shape) == (2, 0.0, (16, 23, 1))
    assert np.abs(found[..., 0] - 2.32 * scaled[0, 0, :, :23].clamp(0, 1).numpy()).max() < 1e-4


def test_halving_by_hand():
    """A step from 0 to 1 between pixels 3 and 4: (-3, 19, 19, -3) / 32 of the four pixels around each place."""
    row = np.array([0, 0, 0, 0, 255, 255, 255, 255], np.uint8)
    pixels = np.broadcast_to(row[None, :, None], (6, 8, 3))
    found = gmnet.halved(np.ascontiguousarray(pixels), rows=2)
    assert found.shape == (3, 4, 3)
    assert found[1, :, 0].tolist() == pytest.approx([0, 0, 1, 1])  # -3 / 32 below 0 is clipped, as 1 + 3 / 32 is
    shifted = np.roll(pixels, 1, axis=1)
    shifted[:, 0] = 0
    assert gmnet.halved(shifted)[1, :, 0].tolist() == pytest.approx([0, 0, 0.5, 1])
    flat = np.full((5, 7, 3), 100, np.uint8)
    assert np.allclose(gmnet.halved(flat), 100 / 255, atol=1e-6)


@pytest.mark.parametrize("name", ["irnet", "irnet_large"])
def test_irnet_is_torchs(files, nets, name):
    pixels = photo(20, 27)
    with torch.no_grad():
        out = nets[name](irnet_net.rgb_to_ycrcb(batch(pixels))).clamp(0, 1)
        encoded = irnet_net.ycrcb_to_rgb(out).clamp(0, 1)[0].permute(1, 2, 0).double().numpy()
    found = models.load(files[name]).light(pixels)
    assert found.dtype == np.float32
    assert np.abs(colour.nits_to_pq(found * 203.0) - encoded).max() < 1e-4


def test_itmlut_is_torchs(files, nets):
    pixels = photo(41, 50)
    with torch.no_grad():
        encoded = nets["itmlut"](batch(pixels))[0].permute(1, 2, 0).double().numpy()
    found = models.load(files["itmlut"]).light(pixels, side=24)
    assert np.abs(colour.nits_to_pq(found * 203.0) - encoded.clip(0, 1)).max() < 1e-4


@pytest.mark.parametrize("name", ["gmnet", "gmnet_half", "irnet", "irnet_large", "itmlut"])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (2, 2), (1, 40), (9, 8)])
def test_any_size_works(files, name, size):
    model = models.load(files[name])
    found = run(model, photo(*size))
    times = getattr(model, "upscale", 1)
    if name == "gmnet_half":
        assert found.shape == (-(-size[0] // 2), -(-size[1] // 2), 1)
    else:
        assert found.shape[:2] == (size[0] * times, size[1] * times)
    assert np.isfinite(found).all()


def test_sixteen_bit_codes_are_the_same_picture(files):
    pixels = photo(20, 24)
    for name in ("gmnet", "irnet", "itmlut"):
        model = models.load(files[name])
        assert np.abs(run(model, pixels) - run(model, pixels.astype(np.uint16) * 257)).max() < 1e-4


def test_radii_are_those_of_the_networks():
    """What a runner lets tiles see is what the network's own definition says it must."""
    for blocks in (1, 3, 5):
        assert gmnet.receptive_radius(blocks) == gmnet_net.receptive_radius(gmnet_net.Shape(blocks=blocks))
    assert gmnet.even(75) == gmnet.even(76) == 76


@pytest.mark.parametrize("upscale", [1, 4])
def test_irnet_reaches_no_further_than_its_radius(upscale):
    net = irnet_net.IRNet(irnet_net.Shape(2, 16, upscale)).double().eval()
    radius = irnet.receptive_radius(2)
    contrasts = [torch.full((1, 16, 1, 1), 0.3, dtype=torch.float64)] * 2
    picture = torch.rand(1, 3, 3, 60, dtype=torch.float64)
    other = picture.clone()
    other[..., 30] += 1
    with torch.no_grad():
        changed = (net(picture, contrasts) != net(other, contrasts)).any((0, 1, 2)).nonzero()[:, 0] // upscale
    assert int(changed.min()) >= 30 - radius
    assert int(changed.max()) <= 30 + radius


def test_memory_is_bounded_by_tiles(files, monkeypatch):
    """A tile is the largest picture any network is fed; the 4 GiB of a 4K frame follow (docs/models.md)."""
    seen = []
    original = tiles.unit
    monkeypatch.setattr(tiles, "unit", lambda pixels: seen.append(pixels.shape[:2]) or original(pixels))
    for name, halo in (("gmnet", 28), ("irnet", 8), ("itmlut", 0)):
        seen.clear()
        run(models.load(files[name]), photo(150, 170), side=40)
        assert len(seen) >= 20
        assert max(max(size) for size in seen) <= 40 + 2 * halo
    assert gmnet.SIDE <= 1024
    assert irnet.SIDES == {1: 768, 4: 384}
    assert itmlut.SIDE <= 1024


def test_light_beyond_the_limit_is_refused_before_it_is_made(files, monkeypatch):
    monkeypatch.setattr(irnet, "MAX_LIGHT_BYTES", 4 * 4 * 12 * 100)
    model = models.load(files["irnet_large"])
    assert model.light(photo(10, 10)).shape == (40, 40, 3)
    with pytest.raises(LimitError, match="44 x 40 pixels of light"):
        model.light(photo(10, 11))


def test_an_interrupt_between_tiles_ends_the_work(files, monkeypatch):
    model, count = models.load(files["gmnet"]), []

    def interrupted(pixels):
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        return original(pixels)

    original = tiles.unit
    monkeypatch.setattr(tiles, "unit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.gain_stops(photo(120, 120), side=20)
    monkeypatch.setattr(tiles, "unit", original)
    assert model.gain_stops(photo(20, 20)).shape == (20, 20, 1)


def test_photos_side_by_side_come_out_as_one_by_one(files):
    model = models.load(files["irnet"])
    photos = [photo(50, 60, seed) for seed in range(4)]
    alone = [model.light(p, side=25) for p in photos]
    found = [None] * 4

    def work(k):
        found[k] = model.light(photos[k], side=25)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, found, strict=True):
        assert np.array_equal(one, other)


def test_small_pictures_of_itmlut_by_hand():
    """Means of 8 x 8 blocks; what is left over is not seen, and less than 8 goes on."""
    pixels = np.zeros((9, 17, 3), np.uint8)
    pixels[:8, :8, 0] = 255
    pixels[:4, 8:16, 1] = 255
    found = itmlut.eighth(pixels)
    assert found.shape == (1, 3, 1, 2)
    assert found[0, :, 0].tolist() == [[1, 0], [0, 0.5], [0, 0]]
    tiny = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    assert itmlut.eighth(tiny)[0, 0].tolist() == [[7 / 8]]


def test_gmnet_is_given_another_thumbnail_where_a_data_set_has_its_own(files):
    pixels, model = photo(64, 80), models.load(files["gmnet"])
    usual = model.gain_stops(pixels)
    own = np.rint(kernels.thumbnail(pixels) * 255).astype(np.uint8).transpose(1, 2, 0)
    near, far = (np.abs(model.gain_stops(pixels, thumbnail=shown) - usual).max() for shown in (own, 255 - own))
    assert far > 2e-5  # a network of random weights hardly looks at it
    assert near < far / 10
