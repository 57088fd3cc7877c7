"""The page in a real browser when things go otherwise: broken photos, others who choose too, a server that stops."""

import pytest
from serving import Page, browsing, chosen, listing, opened, photo, until, write_folder

from untone import formats

pytest.importorskip("starlette", reason="the extra page is not installed")
pytest.importorskip("uvicorn", reason="the extra page is not installed")

FOCUS = "dispatchEvent(new Event('focus'))"


def pressed(tab, name):
    return tab.get_attribute(f"#{name}", "aria-pressed") == "true"


def said(tab, words):
    tab.wait_for_function("words => document.getElementById('status').innerText.includes(words)", arg=words)


@pytest.fixture
def busy(tmp_path, player):
    """A page over a folder of two photos and a broken file, and a tab."""
    folder = write_folder(tmp_path / "photos", 2)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo at all")
    with Page(folder) as page, browsing(player, has_touch=True) as tab:
        page.folder = folder
        yield page, tab


def test_a_page_lives_with_its_folder_and_with_others(busy):
    """One walk: a finger, a broken photo, another tab, files that come, change and go, Enter, a dead server."""
    page, tab = busy
    known = {p["name"]: p["number"] for p in page.json("GET", "state")[1]["photos"]}
    opened(tab, page, known["photo-0.jpg"])
    tab.touchscreen.tap(300, 400)
    tab.wait_for_selector("#probe-title:text('Pixel ')")

    tab.evaluate(f"location.hash = '#{known['broken.jpg']}'")  # nothing of the photo before is left
    tab.wait_for_selector("#stage-fault:not([hidden])")
    assert tab.get_attribute("#download", "href") is None
    assert [tab.is_visible(place) for place in ("#wipe", ".figures", "#strength", "#reject")] == [False] * 3 + [True]
    tab.keyboard.press("r")
    assert pressed(tab, "reject")
    tab.keyboard.press("z")
    assert not pressed(tab, "reject")

    page.json("PUT", "choices", {"changes": {str(known["photo-1.jpg"]): {"strength": 60, "peak": 9000}}})
    opened(tab, page, known["photo-1.jpg"])
    page.json("PUT", "choices", {"changes": {str(known["photo-1.jpg"]): {"strength": 70}}})
    tab.keyboard.press("k")  # of a photo that another tab has changed meanwhile
    until(lambda: "verdict" in chosen(page.folder)["photo-1.jpg"])
    tab.evaluate(FOCUS)
    tab.wait_for_selector("output[for=strength]:text('70 %')")
    tab.keyboard.press("[")
    expected = {"strength": 65, "peak": 9000, "verdict": "keep"}
    until(lambda: chosen(page.folder)["photo-1.jpg"] == expected)

    formats.write(page.folder / "photo-1.jpg", photo(7, 200, 144))
    tab.evaluate(FOCUS)
    tab.wait_for_function(
        "() => document.querySelector('.side canvas').height > document.querySelector('.side canvas').width"
    )
    (page.folder / "photo-1.jpg").unlink()
    formats.write(page.folder / "added.jpg", photo(8))
    tab.evaluate(FOCUS)
    said(tab, "photo-1.jpg is gone")
    tab.wait_for_selector(".tile:first-child:not(.waiting) .name:text('added.jpg')")
    places = tab.evaluate("[...document.querySelectorAll('.tile')].map(t => [t.ariaPosInSet, t.ariaSetSize])")
    assert places == [["1", "3"], ["2", "3"], ["3", "3"]]

    tab.evaluate(f"location.hash = '#{known['photo-0.jpg']}'")
    tab.wait_for_selector("#panel:not(.waiting)")
    tab.keyboard.press("?")
    tab.go_back()
    tab.wait_for_selector("#grid-view:not([hidden])")
    tab.wait_for_selector("#help:not([open])", state="attached")
    before = listing(page.folder)
    tab.keyboard.press("e")
    tab.keyboard.press("Enter")  # on the choice of photos, as in any form
    tab.wait_for_selector("#export-words:text('2 written, 1 failed')")
    assert set(listing(page.folder)) - set(before) == {"added.hdr.jpg", "photo-0.hdr.jpg"}
    tab.keyboard.press("Escape")

    page.process.kill()
    page.process.wait()
    tab.keyboard.press("e")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#export-exists:has-text('does not answer; was it stopped?')")
    tab.keyboard.press("Escape")
    tab.evaluate("document.querySelector('.open').focus()")
    tab.keyboard.press("k")
    said(tab, "Not kept: untone view does not answer")


DROP = """async () => {
  const file = name => new File([window.photo], name), read = found => {
    const answers = [found, []];
    return { readEntries: done => done(answers.shift()) };
  };
  const entry = name => ({ name, isDirectory: false, file: done => done(file(name)) });
  const folder = (name, ...found) => ({ name, isDirectory: true, createReader: () => read(found) });
  const root = folder("trip", ...["one.jpg", "notes.txt", "._one.jpg"].map(entry), folder("day", entry("two.JPG")));
  const event = new Event("drop", { cancelable: true });
  const items = [{ webkitGetAsEntry: () => root }, { webkitGetAsEntry: () => entry("three.jpg") }];
  event.dataTransfer = { types: ["Files"], items, files: [new File([], "trip"), file("three.jpg")] };
  dispatchEvent(event);
}"""


def test_a_folder_is_dropped_and_what_is_too_large_is_said(busy):
    page, tab = busy
    tab.goto(page.address)
    tab.wait_for_selector(".tile")
    data = list(formats.write(None, photo(3)))
    tab.evaluate("data => { window.photo = Uint8Array.from(data); }", data)
    tab.evaluate(DROP)
    said(tab, "3 photos added")
    names = [p["name"] for p in page.json("GET", "state")[1]["photos"]][-3:]
    assert sorted(names) == ["one.jpg", "three.jpg", "two.JPG"]
    tab.evaluate("""() => {
      const large = new File([], "large.tif");
      Object.defineProperty(large, "size", { value: 300 * 2 ** 20 });
      const event = new Event("drop", { cancelable: true });
      event.dataTransfer = { types: ["Files"], items: [], files: [large, new File(["words"], "words.jpg")] };
      dispatchEvent(event);
    }""")
    said(tab, "large.tif: 256 MiB may be dropped here; name it on the command line; 1 more could not be added")


def test_by_the_mouse_the_photo_that_one_was_in_is_copied_from(busy):
    page, tab = busy
    opened(tab, page, 1)
    tab.keyboard.press("[")
    tab.click("#back")
    tab.check(".tile:nth-child(2) .pick input", force=True)
    tab.check(".tile:nth-child(3) .pick input", force=True)
    tab.click("#copy")
    said(tab, "Light of photo-0.jpg copied to 1 photo")
    expected = {"photo-0.jpg": {"strength": 95}, "photo-1.jpg": {"strength": 95}}
    until(lambda: chosen(page.folder) == expected)
