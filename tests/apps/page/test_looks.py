"""How the page looks in a real browser: at any width, in any colours, on HDR screens."""

import pytest
from serving import browsing, opened, until

from untone import formats, gainmap

pytest.importorskip("starlette", reason="the extra page is not installed")
pytest.importorskip("uvicorn", reason="the extra page is not installed")


@pytest.mark.parametrize("width", [375, 1280, pytest.param(2560, marks=pytest.mark.slow)])
def test_nothing_is_cut_off_at_any_width(tab, page, width):
    """No sideways scrolling, nothing outside of the window, every control with a name and large enough for a finger."""
    try:
        for number in (None, 0):
            opened(tab, page, number, width)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            found = tab.evaluate(
                """() => [...document.querySelectorAll("button, a, input, [role=slider]")]
                .filter(e => e.checkVisibility() && e.type !== "file").map(e => {
                  const r = e.getBoundingClientRect();
                  const labels = [...(e.labels ?? [])].map(l => l.innerText).join();
                  const name = e.getAttribute("aria-label") || e.innerText || labels;
                  return [e.id || e.outerHTML.slice(0, 80), name.trim(), r.left, r.right, r.height]; })"""
            )
            assert len(found) > 5
            for element, name, left, right, height in found:
                assert name, element
                assert left >= -21, element  # the wipe may hang over by half of its handle
                assert right <= width + 21, element
                assert height >= 24, element  # WCAG 2.2, 2.5.8
    finally:
        tab.set_viewport_size({"width": 1280, "height": 800})


CONTRASTS = """() => {
  const parts = text => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const over = (top, under) => top.slice(0, 3).map((c, i) => c * (top[3] ?? 1) + under[i] * (1 - (top[3] ?? 1)));
  const ground = element => {
    const own = parts(getComputedStyle(element).backgroundColor);
    return (own[3] ?? 1) === 1 ? own : over(own, element.parentElement ? ground(element.parentElement) : [14, 14, 14]);
  };
  const light = rgb => [0.2126, 0.7152, 0.0722].reduce((sum, w, i) => {
    const c = rgb[i] / 255;
    return sum + w * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  }, 0.05);
  const speaks = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  return [...document.querySelectorAll("body *")]
    .filter(e => speaks(e) && e.checkVisibility() && !e.closest("#stage, #status, .unseen, svg"))
    .map(e => {
      const under = ground(e), pair = [light(over(parts(getComputedStyle(e).color), under)), light(under)];
      return [e.outerHTML.slice(0, 90), Math.max(...pair) / Math.min(...pair)];
    });
}"""


@pytest.mark.slow
def test_colours_have_contrast(tab, page):
    """WCAG 2.2, 1.4.3: 4.5:1 of every text, as it is drawn, on the ground that it stands on."""
    for number, keys in ((None, ""), (0, ""), (0, "v"), (0, "e"), (0, "?")):
        opened(tab, page, number)
        for key in keys:
            tab.keyboard.press(key)
        found = tab.evaluate(CONTRASTS)
        assert len(found) > 10
        assert {text: ratio for text, ratio in found if ratio < 4.5} == {}
    tab.keyboard.press("Escape")


@pytest.mark.slow
def test_reduced_motion_stands_still(page, player):
    with browsing(player, reduced_motion="reduce") as tab:
        opened(tab, page)
        moving = "() => document.getAnimations().length"
        tab.keyboard.press("k")
        assert tab.evaluate(moving) == 0
        tab.keyboard.press("k")


@pytest.mark.slow
def test_on_an_hdr_screen_the_file_itself_is_shown(page, player):
    with browsing(player, "--force-color-profile=hdr10") as tab:
        opened(tab, page)
        if not tab.evaluate("matchMedia('(dynamic-range: high)').matches"):
            pytest.skip("this browser does not take hdr10 for an HDR screen")
        tab.wait_for_selector("img.real:not([hidden])", state="attached")
        assert tab.inner_text("#screen") == "real light"
        read = (
            "fetch(document.querySelector('img.real').src).then(a => a.arrayBuffer()).then(b => [...new Uint8Array(b)])"
        )
        base, found = formats.read(bytes(tab.evaluate(read)))
        assert (base.width, gainmap.to_stops(found).max() > 0.5) == (144, True)
        assert tab.evaluate("getComputedStyle(document.querySelector('.side.before')).dynamicRangeLimit") == "standard"
        tab.keyboard.press(",")
        assert tab.is_hidden("img.real")
        until(lambda: tab.inner_text("#screen") == "simulated")
        tab.keyboard.press(".")
        until(lambda: tab.inner_text("#screen") == "real light")
        tab.uncheck("#real")
        assert tab.is_hidden("img.real")
        assert tab.inner_text("#screen") == "simulated"
