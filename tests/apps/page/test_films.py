"""Films in the page: a frame is shown as a photo is, with the light that the film gets."""

import json
import os

import numpy as np
import pytest
from serving import Page, browsing, chosen, gain_map, photo, until, write_folder

from untone import UntoneError, cli, colour, formats, pipeline
from untone.apps import choices
from untone.apps.choices import UNTOUCHED
from untone.apps.page import films, renditions

clips = pytest.importorskip("clips", reason="films need PyAV: pip install 'untone[video]'")
pytest.importorskip("starlette", reason="the extra page is not installed")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two seconds of BT.709 with a sun that moves."""
    path = tmp_path_factory.mktemp("film") / "clip.mp4"
    return clips.write_clip(path, [clips.scene(index) for index in range(48)])


def light_of(found):
    light = pipeline.apply(found.image, renditions.shown_map(found, UNTOUCHED)).pixels
    return light @ colour.rgb_to_rgb(found.image.primaries, "bt2020").T


@pytest.mark.parametrize(
    ("tags", "bars"),
    [((1, 1, 1, 1), 0), ((6, 6, 6, 1), 0), ((1, 1, 1, 2), 0), ((1, 1, 1, 1), 14)],
    ids=["bt709", "smpte170m", "full range", "bars"],
)
def test_a_frame_has_the_light_of_the_film_that_is_written(tags, bars, tmp_path):
    """Against the film's own line, where the first frame of a scene is not smoothed: EXR frames of `untone export`."""
    pictures = [clips.scene(index) for index in range(3)]
    for picture in pictures:
        picture[:bars] = picture[90 - bars :] = 0
    path = clips.write_clip(tmp_path / "clip.mp4", pictures, tags=tags)
    assert cli.main(["export", str(path), "-o", str(tmp_path / "%03d.exr"), "--peak", "10000"]) == 0
    expected = formats.read(tmp_path / "001.exr")[0].pixels
    found = renditions.pair(films.frame(path, 0.0), pipeline.predict)
    made = np.maximum(light_of(found), 0)
    assert found.moment == films.Moment(0.0, 0.0, pytest.approx(3 / 24), 24.0)
    apart = np.abs(made - expected) / np.maximum(expected, 0.05)  # codes of 8 bits, and a map of a quarter of the size
    assert np.median(apart) < 0.01
    assert np.quantile(apart, 0.99) < 0.08
    assert made.max() == pytest.approx(expected.max(), rel=0.02)


def test_moments_are_of_the_frames_that_are_there(clip):
    assert films.frame(clip, 1.0).moment.at == pytest.approx(1.0)
    assert films.frame(clip, None).moment.at == pytest.approx(2 / 3, abs=0.03)
    suns = [int(np.argmax(films.frame(clip, at).image.pixels.sum(axis=2).max(axis=0))) for at in (0.0, 1.0)]
    assert 30 < suns[1] - suns[0] < 66
    for asked in (9.0, -1.0):
        with pytest.raises(UntoneError):
            films.frame(clip, films.moment_of(str(asked)))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_no_film_to_wait_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    for name, said in (("pipe.mp4", "a pipe or a device"), ("gone.mp4", "No such file")):
        with pytest.raises(UntoneError, match=said):
            films.frame(tmp_path / name, None)


def test_a_film_that_is_hdr_already_is_shown_as_it_is(tmp_path):
    pictures = [np.full((90, 160, 3), colour.nits_to_pq(np.float64(1000))) for _ in range(2)]
    path = clips.write_clip(tmp_path / "pq.mp4", pictures, codec="libx265", pix_fmt="yuv420p10le", tags=(9, 9, 16, 1))
    found = renditions.pair(films.frame(path, None), pipeline.predict)
    assert found.origin == renditions.RENDERED
    assert renditions.figures(found, UNTOUCHED)["peak_nits"] == pytest.approx(1000, rel=0.05)


@pytest.mark.slow
def test_the_server_shows_films_beside_photos(clip, tmp_path):
    folder = write_folder(tmp_path / "photos", 1)
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    (folder / "broken.mp4").write_bytes(clip.read_bytes()[:2000])
    with Page(folder) as page:
        known = {p["name"]: p["number"] for p in page.json("GET", "state")[1]["photos"]}
        tile = page.tile(known["clip.mp4"])
        assert tile["seconds"] == pytest.approx(2, abs=0.1)
        assert page.tile(known["photo-0.jpg"])["seconds"] is None
        assert page.tile(known["broken.mp4"])["fault"]
        number = known["clip.mp4"]
        assert page.json("GET", f"photos/{number}")[1]["film"]["asked"] is None
        first, later = (page.json("GET", f"photos/{number}?at={at}")[1] for at in (0, 1.5))
        assert (first["film"]["at"], later["film"]["at"]) == (0.0, 1.5)
        query = "view?left=0&top=0&right=160&bottom=90&width=160&height=90"
        views = [page.ask("GET", f"photos/{number}/{query}&at={at}")[2] for at in (0, 1.5)]
        assert views[0] != views[1]
        status, headers, data = page.ask("GET", f"photos/{number}/file?kind=jpeg&at=1.5")
        assert "clip.1.50s.hdr.jpg" in headers["content-disposition"]
        assert formats.read(data)[1] is not None
        for at in ("nan", "-1", "much", "99"):
            status, answer = page.json("GET", f"photos/{number}?at={at}")
            assert (status, "\n" in answer["fault"]) == (422, False)
        job = page.json("POST", "exports", {"photos": [number], "kind": "jpeg", "existing": None})[1]["export"]
        until(lambda: page.json("GET", f"exports/{job}")[1]["finished"])
        (reason,) = page.json("GET", f"exports/{job}")[1]["skipped"]
        assert "untone clip.mp4 --choices" in reason
    assert not list(folder.glob("*.hdr.*"))


@pytest.mark.slow
def test_a_film_is_scrubbed_and_probed(clip, tmp_path, player):
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    formats.write(folder / "photo.jpg", photo(), gain_map())
    with Page(folder) as page, browsing(player) as tab:
        tab.goto(f"{page.address}#0")
        tab.wait_for_selector("#panel:not(.waiting)")
        assert tab.inner_text("output[for=time]").startswith("0:00.")
        tab.keyboard.press("t")
        tab.keyboard.press("End")
        told = "document.querySelector('output[for=time]').innerText"
        until(lambda: tab.evaluate(told).startswith("0:01.9"))
        address = "document.getElementById('download').href"
        until(lambda: "at=1.9" in tab.evaluate(address))
        at = float(tab.evaluate(address).split("at=")[1].split("&")[0])
        tab.keyboard.press("p")
        tab.wait_for_selector("#probe-title:text('Pixel 80, 45')")
        found = renditions.pair(films.frame(clip, at), pipeline.predict)
        weights = colour.luminance_weights("bt709")
        light = pipeline.apply(found.image, found.gain_map).pixels[45, 80] @ weights
        assert float(tab.inner_text("#after-nits")) == pytest.approx(light * 203, rel=0.01)
        tab.keyboard.press("[")
        until(lambda: chosen(folder) == {"clip.mp4": {"strength": 95}})
        tab.keyboard.press("Escape")
        tab.keyboard.press("ArrowRight")
        tab.wait_for_selector("#panel:not(.waiting)")


@pytest.mark.slow
def test_the_command_line_honours_what_was_chosen_of_films(clip, tmp_path, capsys):
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        clips.write_clip(folder / name, [clips.scene(index) for index in range(3)])
    choices.update(folder, {"a.mp4": {"strength": 0}, "b.mp4": {"verdict": choices.REJECT}})
    arguments = [str(folder), "-o", f"{tmp_path}/", "--codec", "ffv1", "--choices", str(folder / choices.FILE_NAME)]
    assert cli.main([*arguments, "--json"]) == 0
    done = {row["input"].rsplit("/")[-1]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert done["b.mp4"]["status"] != done["a.mp4"]["status"]
    assert "rejected in" in done["b.mp4"]["reason"]
    assert done["a.mp4"]["max_cll_nits"] <= 206
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.hdr.mkv"]
