"""The page in a real browser: what it shows is untone.apply, what it can do goes by keyboard, and it asks nobody."""

import base64
import dataclasses
import re

import numpy as np
import pytest
from serving import Page, browsing, chosen, gain_map, listing, opened, photo, until, write_folder

import untone
from untone import cli, colour, formats, pipeline
from untone.apps.page import renditions
from untone.image import Image

pytest.importorskip("starlette", reason="the extra page is not installed")
pytest.importorskip("uvicorn", reason="the extra page is not installed")


def canvas(tab, side):
    """Pixels of one side as they are drawn, [h, w, 3]."""
    code = "side => document.querySelector(`.side.${side} canvas`).toDataURL()"
    return formats.read(base64.b64decode(tab.evaluate(code, side).split(",")[1]))[0].pixels[..., :3].astype(int)


def set_range(tab, name, value):
    tab.evaluate(
        """([name, value]) => { const input = document.getElementById(name); input.value = value;
        input.dispatchEvent(new Event("input")); input.dispatchEvent(new Event("change")); }""",
        [name, value],
    )
    tab.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    tab.wait_for_selector("#stage[data-step='1']")


CASES = {
    "three channels": {},
    "one channel": {"channels": 1},
    "gamma": {"gamma": 0.45},
    "offsets": {"base_offset": (0.0, 0.1, 0.2), "alternate_offset": (0.05, 0.0, 0.3)},
    "another space": {"use_base_colour_space": False, "alternate_primaries": "bt2020"},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("headroom", [None, 1.0, 0.0])
def test_arithmetic_is_that_of_apply(tab, page, case, headroom):
    """light.js against untone.apply, pixel by pixel and for many pixels at once, within 1 %."""
    found = renditions.made(photo(primaries="p3"), gain_map(**CASES[case]), renditions.CARRIED)
    meaning = renditions.meaning(found)
    tab.goto(page.address)
    spots = [(0, 0), (143, 95), (70, 40), (100, 38), (10, 90)]
    known = [renditions.pixel(found, x, y) for x, y in spots]
    one = tab.evaluate(
        """async ([meaning, known, headroom]) => {
          const m = await import("./static/light.js");
          const numbers = m.chosenNumbers(meaning, {strength: 100, peak: null, white: 203});
          const weight = m.mapWeight(numbers, headroom ?? m.fullHeadroom(numbers));
          return known.map(k => m.lightAt(meaning, numbers, k.light, k.share, weight)); }""",
        [meaning, known, headroom],
    )
    space = meaning_space(found)
    expected = untone.apply(found.image, found.gain_map, headroom).pixels @ colour.rgb_to_rgb("p3", space).T
    for (x, y), light in zip(spots, one, strict=True):
        assert np.allclose(light, expected[y, x], rtol=0.01, atol=1e-4)
    box, (width, height) = (60, 24, 84, 40), (24, 16)
    view = np.frombuffer(renditions.view(found, box, (width, height)), np.uint8)
    many = tab.evaluate(
        """async ([meaning, codes, width, height, headroom]) => {
          const m = await import("./static/light.js");
          const numbers = m.chosenNumbers(meaning, {strength: 100, peak: null, white: 203});
          const weight = m.mapWeight(numbers, headroom ?? m.fullHeadroom(numbers));
          const bytes = Uint8Array.from(codes), out = [];
          const end = width * height * 3;
          const view = {width, height, base: bytes.subarray(0, end), map: bytes.subarray(end)};
          m.eachRow(view, meaning, numbers, weight, 1, (r, g, b) => r.forEach((_, k) => out.push(r[k], g[k], b[k])));
          return out; }""",
        [meaning, view.tolist(), width, height, headroom],
    )
    assert np.allclose(np.reshape(many, (height, width, 3)), expected[24:40, 60:84], rtol=0.01, atol=2e-3)


def meaning_space(found):
    gain = found.gain_map
    return "p3" if gain.use_base_colour_space else gain.alternate_primaries


def probed(tab):
    """What the probe shows, all of one moment."""
    return tab.evaluate("""() => Object.fromEntries(
        ["title", "before-nits", "before-stops", "after-nits", "after-stops"].map(
            (name) => [name, document.getElementById(name == "title" ? "probe-title" : name).innerText]))""")


def test_the_probe_says_what_apply_makes(tab, page, folder):
    image = formats.read(folder / "photo-0.jpg")[0]
    after = untone.apply(image, pipeline.predict(image)).pixels
    before = colour.srgb_to_linear(image.pixels / 255)
    weights = colour.luminance_weights("bt709")
    opened(tab, page)
    box = tab.locator("#stage").bounding_box()
    told = probed(tab)
    for share in ((0.31, 0.52), (0.68, 0.47), (0.9, 0.3)):
        x, y = box["x"] + box["width"] * share[0], box["y"] + box["height"] * share[1]
        tab.mouse.move(x, y)
        until(lambda known=told["title"]: (now := probed(tab)["title"]) != known and now.startswith("Pixel"))
        told = probed(tab)
        px, py = map(int, re.findall(r"\d+", told["title"])[:2])
        for name, light in (("before", before), ("after", after)):
            expected = float(light[py, px] @ weights)
            assert float(told[f"{name}-nits"]) == pytest.approx(expected * 203, rel=0.01)
            stops = float(told[f"{name}-stops"].replace("−", "-"))
            assert stops == pytest.approx(np.log2(expected), abs=0.011)


def test_before_and_after_differ_where_they_should(tab, page, folder):
    """At -2 EV both sides are the light of each rendition, cut off and encoded for an SDR screen."""
    opened(tab, page)
    set_range(tab, "exposure", -2)
    before, after = canvas(tab, "before"), canvas(tab, "after")
    height, width = before.shape[:2]
    data = (folder / "photo-0.jpg").read_bytes()
    found = renditions.pair(data, pipeline.predict)
    codes = np.frombuffer(renditions.view(found, (0, 0, 144, 96), (width, height)), np.uint8)
    base = codes[: height * width * 3].reshape(height, width, 3)
    expected = colour.linear_to_srgb(colour.srgb_to_linear(base / 255) / 4) * 255
    assert np.abs(before - expected).max() <= 1
    small = dataclasses.replace(found.gain_map, codes=codes[height * width * 3 :].reshape(height, width, 3))
    light = untone.apply(Image(base), small).pixels
    assert np.abs(after - colour.linear_to_srgb(np.clip(light / 4, 0, 1)) * 255).max() <= 1.5
    lamp = light.max(axis=2) > 2
    assert lamp.any()
    assert (after - before)[lamp].min() > 20
    dark = base.max(axis=2) < 60
    assert np.abs(after - before)[dark].max() < 12


def test_sliders_change_numbers_without_asking_for_codes_again(tab, page, folder):
    opened(tab, page)
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    set_range(tab, "exposure", -3)
    full = canvas(tab, "after")
    set_range(tab, "strength", 50)
    half = canvas(tab, "after")
    set_range(tab, "strength", 0)
    none = canvas(tab, "after")
    assert full.mean() > half.mean() > none.mean()
    assert np.abs(none - canvas(tab, "before")).max() <= 1
    assert not [url for url in asked if "/view" in url]
    set_range(tab, "strength", 100)
    set_range(tab, "peak-limit", 300)
    tab.wait_for_function("() => parseFloat(document.getElementById('peak').innerText) <= 301")  # once it rests
    until(lambda: chosen(folder) == {"photo-0.jpg": {"peak": 300}})
    tab.click("#reset")
    assert tab.inner_text("output[for=strength]") == "100 %"
    until(lambda: chosen(folder) == {})


def test_a_photo_with_its_own_map_keeps_it(tab, page):
    opened(tab, page, 3)
    assert tab.is_disabled("#strength")
    assert "its own gain map" in tab.inner_text("#fixed")


def test_views_zoom_and_wipe(tab, page):
    opened(tab, page)
    photo_side = canvas(tab, "after")

    def differs():
        shown = canvas(tab, "after")
        return shown.shape == photo_side.shape and np.abs(shown - photo_side).max() > 30

    for _ in ("nits", "map", "clipped"):
        tab.keyboard.press("v")
        tab.wait_for_selector("#stage[data-step='1']")
        until(differs)
        assert tab.is_visible("#legend")
    tab.keyboard.press("v")
    tab.keyboard.press("w")
    assert tab.evaluate("document.activeElement.id") == "wipe"
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
    assert tab.get_attribute("#wipe", "aria-valuenow") == "60"
    assert tab.get_attribute("#wipe", "aria-valuetext") == "60 % before, 40 % after"
    tab.keyboard.press("Home")
    assert tab.get_attribute("#wipe", "aria-valuenow") == "0"
    tab.keyboard.press("1")
    tab.wait_for_selector(".side.after canvas:nth-child(2):not([hidden])")
    places = [tab.locator(f".side.{side} canvas:nth-child(2)").bounding_box() for side in ("before", "after")]
    assert places[0] == places[1]
    tab.keyboard.press("f")
    tab.click("#zoom-in")
    assert "zoomed" in tab.get_attribute("#stage", "class")
    tab.click("#zoom-fit")
    assert "zoomed" not in tab.get_attribute("#stage", "class")
    tab.mouse.move(400, 300)
    tab.mouse.down()
    tab.mouse.move(500, 300)
    tab.mouse.up()
    assert 30 < int(tab.get_attribute("#wipe", "aria-valuenow")) < 70


def test_the_probe_moves_by_keys(tab, page):
    opened(tab, page)
    tab.keyboard.press("p")
    tab.wait_for_selector("#probe-title:text('Pixel 72, 48')")
    tab.keyboard.press("Shift+ArrowRight")
    tab.wait_for_selector("#probe-title:text('Pixel 73, 48')")
    tab.keyboard.press("Escape")
    assert tab.is_hidden(".cross")
    assert tab.is_visible("#photo-view")


@pytest.mark.slow
def test_from_opening_to_export_without_a_mouse(tmp_path, player):
    folder = write_folder(tmp_path / "photos")
    before = listing(folder)
    with Page(folder) as page, browsing(player) as tab:
        tab.goto(page.address)
        tab.wait_for_selector(".tile:nth-child(3):not(.waiting)")
        press = tab.keyboard.press
        press("ArrowRight")
        press("ArrowRight")
        assert "photo-1.jpg" in tab.evaluate("document.activeElement.getAttribute('aria-label')")
        press("Enter")
        tab.wait_for_selector("#panel:not(.waiting)")
        press("[")
        press("[")
        press("k")
        assert tab.get_attribute("#keep", "aria-pressed") == "true"
        press("Escape")
        tab.wait_for_selector(".tile.kept")
        assert "photo-1.jpg" in tab.evaluate("document.activeElement.getAttribute('aria-label')")
        press("ArrowRight")
        press("x")
        press("r")
        tab.wait_for_selector(".tile.rejected")
        press("z")
        assert tab.query_selector(".tile.rejected") is None
        press("ArrowLeft")
        press("c")
        assert "copied to 1 photo" in tab.inner_text("#status")
        press("r")
        press("e")
        tab.wait_for_selector("#export[open]")
        for _ in range(4):
            if tab.is_checked("[name=which][value=kept]"):
                break
            press("ArrowDown")
        for _ in range(8):
            if tab.evaluate("document.activeElement.id") == "export-start":
                break
            press("Tab")
        press("Enter")
        tab.wait_for_selector("#export-words:text('1 written')")
        press("Escape")
        tab.wait_for_selector("#export:not([open])", state="attached")
        expected = {
            "photo-1.jpg": {"strength": 90, "verdict": "keep"},
            "photo-2.jpg": {"strength": 90, "verdict": "reject"},
        }
        until(lambda: chosen(folder) == expected)
    after = listing(folder)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"untone-choices.json", "photo-1.hdr.jpg"}
    out = tmp_path / "out"
    out.mkdir()
    assert cli.main([str(folder), "-o", f"{out}/", "--choices", str(folder / "untone-choices.json")]) == 0
    assert sorted(p.name for p in out.iterdir()) == ["photo-0.hdr.jpg", "photo-1.hdr.jpg"]
    assert (out / "photo-1.hdr.jpg").read_bytes() == after["photo-1.hdr.jpg"]


@pytest.mark.slow
def test_files_that_exist_are_asked_about(tmp_path, player):
    folder = write_folder(tmp_path / "photos", 1)
    mine = folder / "photo-0.hdr.jpg"
    mine.write_bytes(b"mine")
    with Page(folder) as page, browsing(player) as tab:
        tab.goto(page.address)
        tab.wait_for_selector(".tile:not(.waiting)")
        tab.click("#open-export")
        tab.click("#export-start")
        tab.wait_for_selector("#export-exists:not([hidden])")
        assert "photo-0.hdr.jpg" in tab.inner_text("#export-exists")
        tab.keyboard.press("Enter")  # what is offered first replaces nothing
        tab.wait_for_selector("#export-words:text('1 left alone')")
        assert mine.read_bytes() == b"mine"


@pytest.mark.slow
def test_photos_can_be_dropped(tmp_path, page, tab):
    path = tmp_path / "dropped.jpg"
    formats.write(path, photo(8))
    held = []
    tab.goto("about:blank")
    tab.route("**/state", lambda route: held.append(route), times=1)
    tab.goto(page.address)
    tab.set_input_files("#files", [str(path)])  # before the page knows any photo
    while not held:  # its handler runs while the tab is waited for
        tab.wait_for_timeout(20)
    held[0].continue_()
    tab.wait_for_selector(".tile:last-child .name:text('dropped.jpg')")
    tab.wait_for_selector(".tile:last-child:not(.waiting):not(.faulty)")


def test_who_leaves_a_photo_at_once_hears_nothing_more_of_it(tab, page):
    """What rests for a while before it is fetched is not fetched for a stage that is out of sight by then."""
    opened(tab, page)
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.evaluate("""() => {
        dispatchEvent(new KeyboardEvent("keydown", { key: "f" }));
        document.getElementById("back").click();
        return new Promise(done => setTimeout(done, 300)); }""")  # longer than a stage rests
    assert tab.is_visible("#grid-view")
    assert not [url for url in asked if "/view" in url]


def test_a_page_of_one_file_needs_nobody(tmp_path, folder, player):
    target = tmp_path / "page.html"
    assert cli.main(["view", str(folder / "photo-0.jpg"), str(folder / "with-map.jpg"), "--html", str(target)]) == 0
    assert cli.main(["view", str(folder / "photo-0.jpg"), "--html", str(target)]) == 2
    text = target.read_text()
    assert not re.search(r"(?:src|href)=\"(?!data:)", text)
    with browsing(player) as tab:
        tab.goto(target.as_uri())
        tab.wait_for_selector(".tile:nth-child(2):not(.waiting):not(.faulty)")
        tab.keyboard.press("ArrowRight")
        tab.keyboard.press("Enter")
        tab.wait_for_selector("#panel:not(.waiting)")
        tab.wait_for_selector(".strip img")
        set_range(tab, "exposure", -2)
        before, after = canvas(tab, "before"), canvas(tab, "after")
        image = formats.read(folder / "photo-0.jpg")[0]
        light = untone.apply(image, pipeline.predict(image)).pixels
        lamp = light.max(axis=2) > 2
        y, x = np.argwhere(lamp).mean(axis=0) / np.array(lamp.shape)
        spot = (int(y * after.shape[0]), int(x * after.shape[1]))
        assert (after[spot] - before[spot]).min() > 20
        assert tab.is_hidden("#export-this")
        tab.keyboard.press("k")
        tab.keyboard.press("e")
        assert tab.query_selector("dialog[open]") is None


@pytest.mark.slow
def test_of_many_photos_those_near_the_sight_are_there(tmp_path, player):
    folder = write_folder(tmp_path / "photos", 1)
    data = (folder / "photo-0.jpg").read_bytes()
    for number in range(1, 400):
        (folder / f"photo-{number}.jpg").write_bytes(data)
    with Page(folder) as page, browsing(player) as tab:
        opened(tab, page, None)
        press, label = tab.keyboard.press, "document.activeElement.getAttribute('aria-label')"
        press("ArrowRight")
        press("End")
        tab.wait_for_selector(".tile[aria-posinset='400']:not(.waiting)")
        assert tab.evaluate(label).startswith(tab.inner_text(".tile:last-child .name"))
        assert tab.evaluate("document.querySelectorAll('.tile').length") < 100
        tops = "[...document.querySelectorAll('.tile')].map(t => Number(t.ariaPosInSet))"
        assert tab.evaluate(tops) == sorted(tab.evaluate(tops))
        tab.evaluate("document.activeElement.blur()")
        tab.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
        tab.wait_for_function("() => document.querySelector('.open[tabindex=\"0\"]').offsetParent.ariaPosInSet > 100")
        press("ArrowRight")  # what Tab leads to is in sight, wherever one has scrolled to
        assert tab.evaluate("document.activeElement.getBoundingClientRect().top") < 800
        press("a")
        assert tab.inner_text("#selected") == "400 selected"
