"""IRNet against its published sizes, and its parts against sums written out by hand."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from untone.errors import UntoneError
from untone.lab.nets import irnet, shapes
from untone.lab.training import export

TABLE_6 = ("276.69", "324.56", "372.44", "420.32", "468.19", "516.07")


def count(net):
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize(
    ("shape", "parameters"), [(shapes.IRNET_1, 49_302), (shapes.IRNET_2, 134_731), (shapes.IRNET_5, 468_192)]
)
def test_parameters_are_those_published(shape, parameters):
    net = irnet.IRNet(shape)
    assert count(net) == parameters == net.card()["parameters"]


@pytest.mark.parametrize(
    ("shape", "thousands"),
    [
        *[(irnet.Shape(1, c), k) for c, k in ((32, "22.31"), (64, "86.86"))],
        *[(irnet.Shape(2, c), k) for c, k in ((32, "34.34"), (48, "76.28"), (96, "301.17"))],
        *[(irnet.Shape(n, 64), k) for n, k in ((3, "182.61"), (4, "230.48"))],
        *[(irnet.Shape(n, 64, 4), k) for n, k in zip(range(1, 7), TABLE_6, strict=True)],
        *[(irnet.Shape(5, c, 4), k) for c, k in ((32, "119.29"), (48, "265.04"), (96, "1046.73"))],
    ],
)
def test_every_size_of_the_papers_tables_comes_out(shape, thousands):
    """Tables 5 to 9: numbers of blocks and channels, with and without super-resolution."""
    assert count(irnet.IRNet(shape)) / 1000 == pytest.approx(float(thousands), abs=0.0051)


def test_names_are_those_of_the_published_code():
    block = ("distill_1.conv3_1", "mid_1", "distill_2", "conv", "esa.conv_du.0", "esa.conv_du.2")
    both = {"fea_conv", "c.0", "LR_conv"}

    def names(owners):
        return {f"{owner}.{kind}" for owner in owners for kind in ("weight", "bias")}

    two = both | {f"IRB{n}.{part}" for n in (1, 2) for part in block} | {"upsampler"}
    assert set(irnet.IRNet(shapes.IRNET_2).state_dict()) == names(two)
    five = both | {f"IRB{n}.{part}" for n in range(1, 6) for part in block}
    five |= {"conv3_layer", "upsampler1.0", "upsampler2.0"}
    assert set(irnet.IRNet(shapes.IRNET_5).state_dict()) == names(five)


def filled(conv, weight, bias=0.0):
    with torch.no_grad():
        conv.weight.zero_()
        conv.weight[:, :, conv.weight.shape[2] // 2, conv.weight.shape[3] // 2] = torch.tensor(weight)
        conv.bias.fill_(bias)


def test_a_block_by_hand():
    """Two channels, every 3 x 3 kernel a point: F1 = lrelu(a - b), F2 = (2 F1, 3 F1), fuse = sum of x + F2.

    At (a, b) = (1, 3): F1 = -2 * 0.05 = -0.1, F2 = (-0.2, -0.3), fuse = 0.8 + 2.7 = 3.5; the last convolution
    (10 F1 + fuse, 100 F1 + 2 fuse) gives (2.5, -3) only when F1 comes first: with the fusion first it is (34.9, 349.8).
    """
    block = irnet.Block(2)
    filled(block.distill_1.conv3_1, [[1.0, -1.0]])
    filled(block.mid_1, [[2.0], [3.0]])
    filled(block.distill_2, [[1.0, 1.0]])
    filled(block.conv, [[10.0, 1.0], [100.0, 2.0]])
    picture = torch.tensor([1.0, 3.0]).reshape(1, 2, 1, 1).expand(1, 2, 3, 3)
    assert torch.allclose(block.body(picture)[0, :, 1, 1], torch.tensor([2.5, -3.0]), atol=1e-5)


def test_attention_reads_deviation_plus_mean_by_hand():
    """Values 1, 3, 5, 7: mean 4, population variance (9 + 1 + 1 + 9) / 4 = 5."""
    features = torch.tensor([1.0, 3.0, 5.0, 7.0]).reshape(1, 1, 2, 2).expand(1, 16, 2, 2)
    assert torch.allclose(irnet.measured_contrast(features), torch.tensor(5.0**0.5 + 4))
    attention = irnet.Attention(16)
    filled(attention.conv_du[0], [[0.25] * 16])  # one hidden channel: 4 (sqrt 5 + 4)
    filled(attention.conv_du[2], [[0.01]] * 16, -0.2)
    gate = 1 / (1 + np.exp(-(0.01 * 4 * (5**0.5 + 4) - 0.2)))
    assert torch.allclose(attention(features), features * gate, atol=1e-5)


def test_forward_is_the_sum_of_its_parts():
    torch.manual_seed(1)
    net = irnet.IRNet(irnet.Shape(2, 32)).eval()
    picture = torch.rand(2, 3, 9, 7)
    with torch.no_grad():
        first = net.fea_conv(picture)
        one = net.IRB1(first)
        two = net.IRB2(one)
        fused = net.LR_conv(functional.leaky_relu(net.c[0](torch.cat([one, two], 1)), 0.05)) + first
        assert torch.allclose(net(picture), net.upsampler(fused), atol=1e-6)
        assert torch.equal(net.IRB1(first), first + net.IRB1.esa(net.IRB1.body(first)))


def test_super_resolution_puts_pixels_where_two_shuffles_do():
    """With point kernels, output pixel (y, x) of channel c is channel c * 4 + 2 (y & 1) + (x & 1) of the half step."""
    net = irnet.IRNet(shapes.IRNET_5).eval()
    with torch.no_grad():
        out = net(torch.rand(1, 3, 4, 5))
        assert out.shape == (1, 3, 16, 20)
        wide = torch.rand(1, 64, 4, 5)
        stage = net.upsampler1[0](wide)
        found = net.upsampler1(wide)
    for c, y, x in ((0, 0, 0), (7, 3, 4), (63, 7, 9)):
        assert found[0, c, y, x] == stage[0, 4 * c + 2 * (y & 1) + (x & 1), y // 2, x // 2]


@pytest.mark.parametrize("shape", [shapes.IRNET_1, irnet.Shape(5, 32, 4)])
@pytest.mark.parametrize("size", [(1, 1), (6, 5)])
def test_flat_pictures_give_finite_gradients(shape, size):
    """The square root of a variance of 0 has no gradient; the published code turns to NaN here."""
    net = irnet.IRNet(shape)
    torch.nn.init.zeros_(net.fea_conv.weight)
    net(torch.full((1, 3, *size), 0.5)).square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())


def test_the_root_is_the_root_where_there_is_one():
    variance = torch.tensor([0.0, 1e-12, 0.25, 9.0], requires_grad=True)
    irnet.root(variance).sum().backward()
    assert torch.allclose(irnet.root(variance).detach(), torch.tensor([0.0, 1e-6, 0.5, 3.0]))
    assert torch.allclose(variance.grad, torch.tensor([0.0, 5e5, 1.0, 1 / 6]))


def test_colours_by_hand():
    """OpenCV's documented formula: red (1, 0, 0) has Y 0.299, Cr (1 - 0.299) * 0.713 + 0.5, Cb -0.299 * 0.564 + 0.5."""
    red = torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)
    found = irnet.rgb_to_ycrcb(red).flatten().tolist()
    assert found == pytest.approx([0.299, 0.999813, 0.331364], abs=1e-6)
    grey = torch.full((1, 3, 1, 1), 0.3)
    assert irnet.rgb_to_ycrcb(grey).flatten().tolist() == pytest.approx([0.3, 0.5, 0.5])
    colours = torch.rand(1, 3, 40, 40)
    assert torch.allclose(irnet.ycrcb_to_rgb(irnet.rgb_to_ycrcb(colours)), colours, atol=1.5e-3)


def test_gradients_reach_every_parameter():
    net = irnet.IRNet(irnet.Shape(2, 32))
    net(torch.rand(1, 3, 12, 12)).square().sum().backward()
    assert not [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]


@pytest.mark.parametrize(
    ("shape", "thousands"),
    [
        ({"blocks": 1, "features": 32}, 22.31), ({"blocks": 1}, 86.86), ({"blocks": 2, "features": 32}, 34.34),
        ({"features": 48}, 76.28), ({"features": 96}, 301.17), ({"blocks": 1, "upscale": 4}, 276.69),
        ({"blocks": 6, "upscale": 4}, 516.07), ({"block": "rb"}, 158.92), ({"attention": "not first"}, 134.15),
    ],
)  # fmt: skip
def test_the_papers_tables_have_their_sizes(shape, thousands):
    """Tables 4 to 9 as printed; without the first attention 580 fewer."""
    net = irnet.IRNet(irnet.Shape(**shape))
    assert sum(p.numel() for p in net.parameters()) / 1000 == pytest.approx(thousands, abs=0.006)


@pytest.mark.parametrize("kind", shapes.IRNET_BLOCKS)
def test_what_stands_in_place_of_f1(kind):
    """Each block against its picture in the paper, written out once more by hand."""
    torch.manual_seed(2)
    net = irnet.IRNet(irnet.Shape(1, 16, block=kind)).eval()
    block, given = net.IRB1, torch.randn(1, 16, 5, 6)
    with torch.no_grad():
        first = torch.nn.functional.leaky_relu(block.distill_1.conv3_1(given), 0.05)
        second = block.mid_1(first)
        if kind == "rb":
            expected = torch.nn.functional.leaky_relu(given + second, 0.05)
        else:
            fused = block.distill_2(given + second)
            beside = {"irb": first, "no F1": fused[:, :0], "F_in as F1": given, "F2 as F1": second}[kind]
            expected = block.conv(torch.cat([beside, fused], 1))
        torch.testing.assert_close(block.body(given), expected)


def test_the_first_attention_can_be_left_out_and_then_it_is_no_model(tmp_path):
    net = irnet.IRNet(irnet.Shape(2, 16, attention="not first"))
    assert net.IRB1.esa is None
    assert net.IRB2.esa is not None
    given = torch.randn(1, 16, 5, 6)
    torch.testing.assert_close(net.IRB1(given), given + net.IRB1.body(given))
    with pytest.raises(UntoneError, match="no model of ours"):
        export.export(net, tmp_path / "net.onnx", {})


def test_weights_begin_as_the_code_has_it_or_as_the_paper_says():
    torch.manual_seed(1)
    spreads = {s: float(irnet.IRNet(irnet.Shape(start=s)).LR_conv.weight.detach().std()) for s in ("xavier", "kaiming")}
    assert spreads["xavier"] == pytest.approx((2 / (2 * 576)) ** 0.5, rel=0.03)
    assert spreads["kaiming"] == pytest.approx((2 / 576) ** 0.5, rel=0.03)
