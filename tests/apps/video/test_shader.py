"""mpv shaders of scenes: their textures and constants hold what the kernels hold; a real libplacebo shows the same."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from clips import scene, write_clip

from untone import cli
from untone.apps.video.export import shader
from untone.apps.video.export.scene_files import Scene
from untone.colour import nits_to_pq, rgb_to_rgb
from untone.kernels import video
from untone.kernels.video import reference
from untone.operators import Operators

HEIGHT, WIDTH = 48, 80


def made(power="bt1886", picture=(0, 0, HEIGHT, WIDTH)):
    """A scene whose grids know their place."""
    rng = np.random.default_rng(5)
    grids = rng.normal(0.15, 0.1, (3, 3, 4, 8, 3)).astype(np.float32)
    lut = rng.normal(0.3, 0.3, (5, 5, 5, 3)).astype(np.float32)
    rendering = video.Rendering(power, rgb_to_rgb("bt709", "bt2020"), 203, 1000)
    return Scene(1, "made here", Operators(grids, lut, 2.0), rendering, picture, HEIGHT, WIDTH)


def texture(text, name):
    """[depth, height, width, 4] of a shader."""
    found = re.search(
        rf"//!TEXTURE {name}\n//!SIZE (\d+) (\d+) (\d+)\n//!FORMAT rgba32f\n(?://!.*\n)*([0-9a-f]+)\n", text
    )
    width, height, depth = (int(found[k]) for k in (1, 2, 3))
    return np.frombuffer(bytes.fromhex(found[4]), "<f4").reshape(depth, height, width, 4)


def constant(text, name):
    """Numbers of a constant."""
    value = re.search(rf"const \w+ {name} = (.*);", text)[1]
    return [float(v) for v in re.findall(r"-?\d+\.?\d*(?!\w)", value.split("(")[-1])]


def test_textures_and_constants_are_the_operators():
    given = made()
    text = shader.content(given)
    grids, lut = texture(text, "UNTONE_GRIDS"), texture(text, "UNTONE_LUT")
    for guide, row, column, value in ((0, 0, 0, 0), (1, 2, 3, 7), (2, 1, 0, 4)):
        assert np.array_equal(
            grids[guide * 3 + row, column, value, :3], given.operators.grids[guide, row, column, value]
        )
    for r, g, b in ((0, 0, 0), (4, 1, 2), (3, 4, 0)):
        assert np.array_equal(lut[b, g, r, :3], given.operators.lut[r, g, b])
    assert [constant(text, name) for name in ("ROWS", "COLUMNS", "NODES", "QMAX")] == [[3], [4], [5], [2]]
    matrix = np.reshape(constant(text, "TO_BT2020"), (3, 3)).T  # GLSL has columns first
    assert matrix == pytest.approx(given.rendering.to_bt2020, abs=1e-6)
    half = shader.content(made(picture=(12, 8, 24, 64)))
    assert constant(half, "ORIGIN") == pytest.approx([0.1, 0.25])
    assert constant(half, "EXTENT") == pytest.approx([0.8, 0.5])


def shown(text, codes, folder):
    """[H, W, 3] PQ that libplacebo makes of 8-bit Y'CbCr codes [3, H, W] and a shader; skips where there is none."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("no ffmpeg to show it")
    (folder / "scene.glsl").write_text(text)
    (folder / "in.yuv").write_bytes(codes.astype(np.uint8).tobytes())
    size = f"{codes.shape[2]}x{codes.shape[1]}"
    told = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt709:range=tv"
    render = "libplacebo=custom_shader_path=scene.glsl:colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084"
    chain = f"{told},hwupload,{render}:format=yuv444p16le:tonemapping=clip:peak_detect=0:dithering=none,hwdownload"
    raw, given = ["-f", "rawvideo"], ["-pix_fmt", "yuv444p", "-s", size, "-i", "in.yuv"]
    device = ["-init_hw_device", "vulkan=vk:0", "-filter_hw_device", "vk"]
    shown = ["-vf", f"{chain},format=yuv444p16le", "-frames:v", "1"]
    command = [ffmpeg, "-v", "error", *device, *raw, *given, *shown, *raw, "-y", "out.yuv"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"ffmpeg shows no shaders here: {(done.stderr.strip().splitlines() or ['no reason'])[-1][:200]}")
    y, cb, cr = np.fromfile(folder / "out.yuv", "<u2").reshape(codes.shape).astype(float)
    y, cb, cr = (y - 4096) / (219 * 256), (cb - 32768) / (224 * 256), (cr - 32768) / (224 * 256)
    red, blue = y + 1.4746 * cr, y + 1.8814 * cb
    return np.stack([red, (y - 0.2627 * red - 0.0593 * blue) / 0.6780, blue], axis=-1)


@pytest.mark.parametrize(("eotf", "picture"), [("bt1886", (0, 0, HEIGHT, WIDTH)), ("srgb", (12, 8, 24, 64))])
def test_libplacebo_shows_what_the_kernels_write(eotf, picture, tmp_path):
    given = made(eotf, picture)
    rng = np.random.default_rng(1)
    codes = np.stack([rng.integers(16, 236, (HEIGHT, WIDTH)), *rng.integers(100, 156, (2, HEIGHT, WIDTH))])
    found = shown(shader.content(given), codes, tmp_path)
    top, left, rows, columns = picture
    frame = video.YCbCr(*codes.astype(np.uint8))
    rgb = reference.rgb_of(reference.full_size(frame), frame).transpose(1, 2, 0)
    inside = np.s_[top : top + rows, left : left + columns]
    v, u = (np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns
    wanted = nits_to_pq(reference.nits_of(rgb[inside], v, u, given.operators, given.rendering))
    assert np.abs(found[inside] - wanted).max() < 0.004  # its own steps keep 10 bits of a float
    assert np.abs(found[inside] - wanted).mean() < 0.001
    flat = Operators(np.zeros((3, 2, 2, 8, 3), np.float32), np.zeros((2, 2, 2, 3), np.float32), 1.0)
    bars = nits_to_pq(reference.nits_of(rgb[:2], v[:2], u[:1].repeat(WIDTH), flat, given.rendering))
    assert picture[0] == 0 or np.abs(found[:2] - bars).max() < 0.004


def test_the_command_writes_one_for_each_scene(tmp_path, capsys):
    clip = write_clip(tmp_path / "clip.mp4", [scene(k) for k in range(8)] + [1 - scene(k) for k in range(6)])
    assert cli.main(["export", str(clip), "--shader", str(tmp_path / "shaders")]) == 0
    names = [f"scene-000{k}.glsl" for k in (1, 2)]
    assert capsys.readouterr().out.split() == [str(tmp_path / "shaders" / name) for name in names]
    text = (tmp_path / "shaders" / names[1]).read_text()
    assert "scene 2: 6 frames, 0.333 to 0.542 s" in text
    assert "//!HOOK MAIN" in text
    assert texture(text, "UNTONE_GRIDS").shape[2] == 8
    assert cli.main(["export", str(clip), "--shader", str(tmp_path / "shaders")]) == 2
