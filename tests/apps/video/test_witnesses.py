"""Films by programs of others: ffprobe, mediainfo, mkvinfo, where they are installed."""

import json
import shutil
import subprocess

import pytest
from clips import scene, write_clip

from untone.apps.video.conversion import convert
from untone.apps.video.options import FilmOptions

pytestmark = pytest.mark.slow


def ask(*command):
    """What a program prints."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here (apt-get install ffmpeg mediainfo mkvtoolnix)")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


KINDS = [("av1", ".mp4"), ("av1", ".mkv"), ("hevc", ".mp4"), ("hevc", ".mkv"), ("prores", ".mov")]


@pytest.fixture(params=KINDS, ids=str)
def film(request, tmp_path):
    """What was written, and what was said of it."""
    codec, suffix = request.param
    clip = write_clip(tmp_path / "clip.mp4", [scene(k, noise=0.01) for k in range(24)])
    target = tmp_path / f"film{suffix}"
    return target, convert(clip, target, FilmOptions(codec=codec))


def test_ffprobe_sees_colours_mastering_and_light_in_the_stream(film):
    target, done = film
    said = ask("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_streams", "-of", "json", str(target))
    stream = json.loads(said)["streams"][0]
    assert (stream["color_primaries"], stream["color_transfer"]) == ("bt2020", "smpte2084")
    assert (stream["color_space"], stream["color_range"]) == ("bt2020nc", "tv")
    data = {entry["side_data_type"]: entry for entry in stream["side_data_list"]}
    assert data["Content light level metadata"]["max_content"] == round(done.max_cll_nits)
    assert data["Content light level metadata"]["max_average"] == round(done.max_fall_nits)
    assert eval(data["Mastering display metadata"]["max_luminance"]) == 1000  # a fraction of ffprobe's


def test_mediainfo_calls_it_hdr10(film):
    target, done = film
    told = ask("mediainfo", str(target))
    assert "SMPTE ST 2086" in told
    assert "BT.2020 non-constant" in told
    assert f": {round(done.max_cll_nits)}" in told
    assert "CRC" not in told


@pytest.mark.parametrize("film", [kind for kind in KINDS if kind[1] == ".mkv"], indirect=True, ids=str)
def test_mkvinfo_reads_the_header_to_its_end(film):
    target, done = film
    told = ask("mkvinfo", str(target))
    assert f"Maximum content light: {round(done.max_cll_nits)}" in told
    assert "Display width: 160" in told
    assert "Maximum luminance: 1000" in told
