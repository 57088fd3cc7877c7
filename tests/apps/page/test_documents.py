"""Pages and sheets as files: they hold what they show, whatever the photo."""

import base64
import json
import re

import numpy as np
import pytest
from serving import gain_map, photo, write_folder

from untone import cli, formats
from untone.apps import choices
from untone.apps.page import renditions
from untone.apps.page.command import exports_folder
from untone.apps.page.contact_sheet import Layout
from untone.apps.page.document import script
from untone.apps.page.static_files import NAMES, static
from untone.image import Image


def blocks(path):
    found = re.findall(r'<script type="application/json" id="([\w-]+)">(.*?)</script>', path.read_text(), re.DOTALL)
    return {name: json.loads(text) for name, text in found}


@pytest.mark.parametrize("kind", ["three channels", "one channel", "light", "plain", "one pixel"])
def test_inspect_writes_a_page_that_holds_its_pictures(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = gain_map(3 if kind == "three channels" else 1) if "channel" in kind else None
    image = photo(orientation=6)
    if kind == "one pixel":
        image = Image(np.full((1, 1, 3), 200, np.uint8))
    if kind == "light":
        image = Image(np.full((24, 32, 3), 5, np.float32), transfer="linear", bits=32)
    name = "a&b.exr" if kind == "light" else "a&b.jpg"
    formats.write(tmp_path / name, image, found)
    assert cli.main(["inspect", name, "--html", "page.html"]) == 0
    assert capsys.readouterr().out == ""
    text = (tmp_path / "page.html").read_text()
    assert f"<title>{name.replace('&', '&amp;')}</title>" in text
    assert not re.search(r"(?:src|href)=\"(?!data:)", text)
    known = blocks(tmp_path / "page.html")["photo-0"]
    base, shown_map = formats.read(base64.b64decode(known["base"]))
    assert shown_map is not None
    assert (base.width, base.height) == (known["meaning"]["width"], known["meaning"]["height"])
    assert known["meaning"]["origin"] == {"light": "rendered", "plain": "plain", "one pixel": "plain"}.get(
        kind, "carried"
    )
    assert known["meaning"]["channels"] == (1 if kind == "one channel" else 3)
    assert [stops for stops, _ in known["strip"]] == [0, -1, -2, -3]
    assert f"{name}: whole, 0 deviations" in known["report"]
    if kind == "light":
        assert known["figures"]["peak_nits"] == pytest.approx(5 * 203, rel=0.02)
    if kind == "plain":
        assert known["figures"]["peak_nits"] <= 203.1


def test_no_name_ends_a_block_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "</script><script>alert(1)<").mkdir(parents=True)
    path = tmp_path / "</script><script>alert(1)<" / "b.jpg"
    formats.write(path, photo())
    assert cli.main(["view", str(tmp_path), "-R", "--html", "page.html"]) == 0
    text = (tmp_path / "page.html").read_text()
    assert "<script>alert(1)" not in text
    assert blocks(tmp_path / "page.html")["state"]["photos"][0]["name"].startswith("</script><script>")


def test_one_script_holds_all_modules_of_the_file():
    """Imports and exports are off, and every name that a module defines at its top is defined once."""
    code = script()
    assert not re.search(r"^(?:import|export) ", code, re.MULTILINE)
    names = re.findall(r"^(?:async )?(?:const|function|class|let) (\w+)", code, re.MULTILINE)
    assert len(names) == len(set(names)) > 50


def test_the_page_weighs_less_than_its_budget():
    """150 KB without photos."""
    assert sum(len(static(name)) for name in (*NAMES, "index.html")) < 150_000
    assert len(script()) + len(static("style.css")) + len(static("index.html")) < 150_000


def test_a_sheet_shows_what_shines(tmp_path, capsys):
    folder = write_folder(tmp_path / "photos", 2)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no photo")
    choices.update(folder, {"photo-1.jpg": {"strength": 0}, "photo-0.jpg": {"strength": 150}})
    target = tmp_path / "sheet.png"
    assert cli.main(["sheet", str(folder), "-o", str(target)]) == 1
    said = capsys.readouterr().err
    assert "broken.jpg" in said
    sheet = formats.read(target)[0].pixels.astype(int)
    layout = Layout.of(3)
    assert sheet.shape == (layout.size[1], layout.size[0], 3)
    width = layout.card[0] + 28
    half = layout.side + 6
    for card, brighter in ((1, True), (2, False)):  # after broken.jpg
        left, top = 28 + card % layout.columns * width, 62 + card // layout.columns * (layout.card[1] + 28)
        low = top + layout.side * 3 // 4 + 6
        picture = sheet[low : low + layout.side * 3 // 4, left : left + layout.side]
        beside = sheet[low : low + layout.side * 3 // 4, left + half : left + half + layout.side]
        assert ((beside - picture).max() > 40) == brighter
    assert cli.main(["sheet", str(folder), "-o", str(target)]) == 2
    assert cli.main(["sheet", str(folder), "-o", str(tmp_path / "sheet.gif")]) == 2


def test_a_sheet_of_html_runs_no_script_and_skips_the_rejected(tmp_path, capsys):
    folder = write_folder(tmp_path / "photos", 2)
    choices.update(folder, {"photo-1.jpg": {"verdict": choices.REJECT}})
    target = tmp_path / "sheet.html"
    assert cli.main(["sheet", str(folder), "-o", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"output": str(target), "photos": 1, "failed": 0}
    text = target.read_text()
    assert "<script" not in text
    assert text.count("<figure>") == 1
    assert len(re.findall(r'src="data:image/jpeg;base64,', text)) == 4
    assert re.search(r"photo-0\.jpg<small>\d+ nits at the brightest, [\d.]+ % above white", text)


def test_results_are_shown_where_what_they_were_made_of_is_not(tmp_path):
    """A folder of results is a folder of photos; beside the photo, a result is the same picture once more."""
    folder = write_folder(tmp_path / "photos", 2)
    formats.write(folder / "photo-0.hdr.jpg", photo(), gain_map(1))
    formats.write(folder / "elsewhere.hdr.jpg", photo(), gain_map(1))
    target = tmp_path / "sheet.html"
    assert cli.main(["sheet", str(folder), "-o", str(target)]) == 0
    shown = re.findall(r"([\w.-]+\.jpg)<small>", target.read_text())
    assert sorted(shown) == ["elsewhere.hdr.jpg", "photo-0.jpg", "photo-1.jpg"]


def test_an_unexpected_fault_in_one_photo_does_not_end_the_others(tmp_path, monkeypatch, capsys):
    folder = write_folder(tmp_path / "photos", 2)
    real = renditions.pair

    def fails_once(data, predict, shrink=None):
        if data == (folder / "photo-0.jpg").read_bytes():
            raise ZeroDivisionError("lamp")
        return real(data, predict, shrink)

    monkeypatch.setattr(renditions, "pair", fails_once)
    assert cli.main(["sheet", str(folder), "-o", str(tmp_path / "sheet.html")]) == 1
    assert cli.main(["view", str(folder), "--html", str(tmp_path / "page.html")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert all("photo-0.jpg: unexpected ZeroDivisionError: lamp" in line for line in said)
    assert [p["name"] for p in blocks(tmp_path / "page.html")["state"]["photos"]] == ["photo-1.jpg"]
    choices.update(folder, {f"photo-{n}.jpg": {"verdict": choices.REJECT} for n in range(2)})
    assert cli.main(["sheet", str(folder), "-o", str(tmp_path / "none.png")]) == 2


@pytest.mark.parametrize("count", [1, 7, 300, 1000])
def test_any_number_of_photos_fits_a_sheet_or_is_refused(count):
    layout = Layout.of(count)
    assert layout.columns * layout.rows >= count
    assert layout.size[0] * layout.size[1] <= 60_000_000


@pytest.mark.parametrize("name", ["out.png", "out.HTML", "nowhere/out.jpg"])
def test_view_takes_no_name_of_a_picture_for_a_folder_of_exports(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    formats.write(tmp_path / "photo.jpg", photo())
    assert cli.main(["view", "photo.jpg", "--no-open", "-o", name]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert name in said
    assert "untone sheet -o sheet.png" in said
    assert "untone view --html page.html" in said
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_view_takes_folders_whatever_their_names_end_in(tmp_path):
    (tmp_path / "d.png").mkdir()
    assert exports_folder(str(tmp_path / "d.png")) == tmp_path / "d.png"
    assert exports_folder(f"{tmp_path}/new.png/") == tmp_path / "new.png"
    assert exports_folder(str(tmp_path / "out")) == tmp_path / "out"
