"""ColorVideoVDP, LPIPS, HDR-VDP-3: what is called, what is said when it is missing, and real ones where they are."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from untone.errors import DamagedError, UntoneError
from untone.lab.metrics import Rendition, hdrvdp, perceptual
from untone.lab.metrics.perceptual import Lpips


def picture(seed: int, side: int = 64) -> np.ndarray:
    return (np.random.default_rng(seed).random((side, side, 3)) * 0.7).astype(np.float32)


@pytest.fixture(autouse=True)
def _forget():
    """What tests before and these leave loaded."""
    _clear()
    yield
    _clear()


def _clear():
    perceptual._cvvdp.cache_clear()
    perceptual._lpips.cache_clear()
    hdrvdp._chosen.clear()
    hdrvdp._measured.cache_clear()


# -- ColorVideoVDP ----------------------------------------------------------------------------------------------------


def test_without_the_package_one_line_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setattr(perceptual.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UntoneError, match=r"pip install --no-deps cvvdp"):
        perceptual.require(("pq_psnr", "cvvdp_jod"))


def test_the_stand_in_answers_for_two_names_and_is_gone_afterwards(monkeypatch, tmp_path) -> None:
    if perceptual.importlib.util.find_spec("torchvision"):
        pytest.skip("torchvision is installed: no stand-in is needed")
    (tmp_path / "pycvvdp.py").write_text(
        "from torchvision.transforms import GaussianBlur\nfrom torchvision.ops import MLP\n"
        "class cvvdp:\n"
        "    def __init__(self, display_name, quiet, device): self.display = display_name\n"
        "    def predict(self, made, truth, dim_order):\n"
        "        assert self.display == 'standard_hdr_pq' and dim_order == 'HWC' and made.dtype == 'float32'\n"
        "        return 10 - abs(made - truth).mean(), None\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "pycvvdp", raising=False)
    made, truth = picture(0), picture(1)
    assert perceptual.cvvdp_jod(made, truth) == pytest.approx(10 - np.abs(made - truth).mean(), abs=1e-5)
    assert not [name for name in sys.modules if name.startswith("torchvision")]
    sys.modules.pop("pycvvdp")  # and not by monkeypatch, which would bring it back afterwards


def test_the_stand_in_blurs_as_a_gaussian_does() -> None:
    blur = perceptual.GaussianBlur(5, 1.25)
    dot = torch.zeros(1, 2, 9, 9)
    dot[:, :, 4, 4] = 1
    seen = blur(dot)
    weights = np.exp(-0.5 * (np.arange(-2, 3) / 1.25) ** 2)
    weights /= weights.sum()
    assert seen[0, 1, 2:7, 2:7].numpy() == pytest.approx(np.outer(weights, weights), abs=1e-6)
    assert blur(torch.ones(3, 7, 8)).numpy() == pytest.approx(np.ones((3, 7, 8)), abs=1e-6)


def test_color_video_vdp_sees_our_codes_as_nits() -> None:
    """Equal is 10, coarser is less; and the package says the same of nits on its display for linear BT.709."""
    if perceptual.importlib.util.find_spec("pycvvdp") is None:
        pytest.skip("the package cvvdp is not installed (pip install --no-deps cvvdp)")
    y, x = np.mgrid[0:96, 0:128] / 128
    truth = (0.3 * np.exp2(3 * np.sin(9 * x + 7 * y))[..., None] * [1, 0.8, 0.6]).astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(truth.shape).astype(np.float32)
    display = perceptual._cvvdp().__class__(display_name="standard_hdr_linear", quiet=True, device=torch.device("cpu"))
    scores = []
    for made in (truth, truth * (1 + 0.02 * noise), truth * (1 + 0.1 * noise), truth.mean(2, keepdims=True)):
        light = np.broadcast_to(np.maximum(made, 0), truth.shape)
        scores.append(perceptual.cvvdp_jod(Rendition(light).pq, Rendition(truth).pq))
        with torch.no_grad():
            theirs, _ = display.predict(light * np.float32(203), truth * np.float32(203), dim_order="HWC")
        assert scores[-1] == pytest.approx(float(theirs), abs=0.002)
    assert scores[0] == pytest.approx(10, abs=1e-3)
    assert scores[0] > scores[1] > scores[2] > scores[3] > 0


# -- LPIPS ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def weights(tmp_path: Path) -> tuple[Path, Path]:
    """A random AlexNet in torchvision's layout, and random heads in LPIPS's."""
    torch.manual_seed(0)
    network = Lpips()
    backbone = {f"features.{k}": v for k, v in network.features.state_dict().items()}
    backbone["classifier.1.weight"] = torch.zeros(2, 2)
    torch.save(backbone, tmp_path / "alexnet.pth")
    heads = {f"lin{k}.model.1.weight": torch.rand(1, len(h), 1, 1) for k, h in enumerate(network.heads)}
    torch.save(heads, tmp_path / "heads.pth")
    return tmp_path / "alexnet.pth", tmp_path / "heads.pth"


def test_lpips_is_the_published_formula(weights) -> None:
    """Worked again with plain torch modules in torchvision's order."""
    network = perceptual.load_lpips(*weights)
    backbone, heads = (torch.load(path) for path in weights)
    layers = [
        torch.nn.Conv2d(3, 64, 11, 4, 2), torch.nn.ReLU(), torch.nn.MaxPool2d(3, 2),
        torch.nn.Conv2d(64, 192, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(3, 2),
        torch.nn.Conv2d(192, 384, 3, padding=1), torch.nn.ReLU(),
        torch.nn.Conv2d(384, 256, 3, padding=1), torch.nn.ReLU(),
        torch.nn.Conv2d(256, 256, 3, padding=1), torch.nn.ReLU(),
    ]  # fmt: skip
    alexnet = torch.nn.Sequential(*layers)
    alexnet.load_state_dict({k[9:]: v for k, v in backbone.items() if k.startswith("features")})
    first, second = (torch.from_numpy(picture(k)).permute(2, 0, 1)[None] * 2 - 1 for k in (0, 1))
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    a, b = ((x - shift[:, None, None]) / scale[:, None, None] for x in (first, second))
    total, taken = 0.0, 0
    with torch.no_grad():
        for k, layer in enumerate(alexnet):
            a, b = layer(a), layer(b)
            if k in (1, 4, 7, 9, 11):
                apart = (a / a.norm(dim=1, keepdim=True) - b / b.norm(dim=1, keepdim=True)) ** 2
                total += float((heads[f"lin{taken}.model.1.weight"][0] * apart[0]).sum(0).mean())
                taken += 1
        assert float(network(first, second)) == pytest.approx(total, rel=1e-3)
        assert float(network(first, first)) == 0


def test_lpips_says_what_is_missing(weights, monkeypatch, tmp_path) -> None:
    monkeypatch.delenv(perceptual.ALEXNET, raising=False)
    with pytest.raises(UntoneError, match="UNTONE_ALEXNET"):
        perceptual.require(("lpips",))
    with pytest.raises(UntoneError, match="no such file"):
        perceptual.load_lpips(tmp_path / "none.pth", weights[1])
    (tmp_path / "junk.pth").write_bytes(b"junk")
    with pytest.raises(DamagedError, match=r"junk\.pth"):
        perceptual.load_lpips(tmp_path / "junk.pth", weights[1])
    with pytest.raises(DamagedError, match="no AlexNet"):
        perceptual.load_lpips(weights[1], weights[1])
    monkeypatch.setattr(perceptual.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UntoneError, match="pip install --no-deps lpips"):
        perceptual.load_lpips(weights[0])


def test_lpips_by_the_environment(weights, monkeypatch) -> None:
    monkeypatch.setattr(perceptual, "_packaged_heads", lambda: weights[1])
    monkeypatch.setenv(perceptual.ALEXNET, str(weights[0]))
    assert perceptual.lpips(picture(0), picture(0)) == 0
    assert perceptual.lpips(picture(0), picture(1)) > 0
    with pytest.raises(UntoneError, match="32 x 32"):
        perceptual.lpips(picture(0, 16), picture(0, 16))


# -- HDR-VDP-3 --------------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder that looks like HDR-VDP-3's source; its function says what it was given."""
    folder = tmp_path / "hdrvdp"
    (folder / "utils").mkdir(parents=True)
    (folder / "hdrvdp_version.m").write_text("function v = hdrvdp_version()\n v = '3.0.7';\nend\n")
    (folder / "hdrvdp3.m").write_text(
        "function res = hdrvdp3(task, made, truth, encoding, ppd, options)\n"
        "  assert(strcmp(task, 'side-by-side')); assert(strcmp(encoding, 'rgb-bt.2020'));\n"
        "  res.Q = made(2, 1, 3); res.Q_JOD = ppd + size(truth, 2) / 1000;\n"
        "end\n"
    )
    return folder


def fake_octave(folder: Path, body: str) -> None:
    path = folder / hdrvdp.OCTAVE
    path.write_text(f"#!{sys.executable}\nimport re, struct, sys\nscript = open(sys.argv[-1]).read()\n{body}")
    path.chmod(0o755)


def test_octave_is_told_everything_and_its_answer_is_read(tree, tmp_path, monkeypatch) -> None:
    fake_octave(
        tmp_path,
        "call = re.search(r\"taken\\('(.+?)', (\\d+), (\\d+)\\), .*'rgb-bt.2020', ([0-9.]+)\", script)\n"
        "first = struct.unpack('f', open(call[1], 'rb').read(4))[0]\n"
        "print('untone-q', first); print('untone-jod', float(call[4]) / 10)\n",
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    hdrvdp.choose(hdrvdp.Setting(tree, 50))
    light = np.full((4, 5, 3), 2.0)
    assert hdrvdp.scores(light, light) == hdrvdp.Scores(406.0, 5.0)
    said = hdrvdp.Setting(tree, 50).convention
    assert all(word in said for word in ("3.0.7", "side-by-side", "50 pixels per degree", "led-lcd-wcg", "Q_JOD"))


@pytest.mark.parametrize(
    ("body", "match"),
    [("sys.exit('error: no image package')", "no image package"), ("print('nothing')", "gave no score")],
)
def test_octave_that_fails_is_one_line(tree, tmp_path, monkeypatch, body, match) -> None:
    fake_octave(tmp_path, body)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    hdrvdp.choose(hdrvdp.Setting(tree))
    with pytest.raises(UntoneError, match=match) as fault:
        hdrvdp.scores(np.ones((4, 4, 3)), np.ones((4, 4, 3)))
    assert "\n" not in str(fault.value)


def test_what_is_missing_is_said_before_any_work(tree, tmp_path, monkeypatch) -> None:
    with pytest.raises(UntoneError, match=r"no hdrvdp3\.m"):
        hdrvdp.Setting(tmp_path)
    with pytest.raises(UntoneError, match="--hdrvdp"):
        hdrvdp.scores(np.ones((4, 4, 3)), np.ones((4, 4, 3)))
    fake_octave(tmp_path, "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UntoneError, match="1 to 1000"):
        hdrvdp.Setting(tree, 0)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(UntoneError, match="octave-cli, which is not on PATH"):
        hdrvdp.Setting(tree)


def test_a_real_octave_runs_what_is_written_for_it(tree, monkeypatch) -> None:
    if shutil.which(hdrvdp.OCTAVE) is None:
        pytest.skip("octave-cli is not installed")
    monkeypatch.setattr(hdrvdp, "SCRIPT", hdrvdp.SCRIPT.replace("pkg load image; pkg load statistics;", ""))
    hdrvdp.choose(hdrvdp.Setting(tree, 42))
    made = np.arange(36).reshape(3, 4, 3) / 203
    found = hdrvdp.scores(made, made)
    assert found.q == pytest.approx(14, rel=1e-5)  # row 2, column 1, blue: number 1 * 12 + 2
    assert found.jod == pytest.approx(42.004)
