"""Make the screens of `untone eval --restraint` again: pages rendered by a headless Chromium, kept without loss.

    python scripts/restraint_screens.py [-o FOLDER] [--browser /usr/bin/chromium]

Beside the pictures, regions.json says where on each screen photos are: a photo may shine, the page around it may not.
Needs playwright (with the system's browser) and the photos that restraint_photos.py made.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

from PIL import Image as Pil
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parents[1] / "src/untone/lab/data/restraint/pictures"

TEXT = (
    "Paper gives back no more than nine tenths of the light that falls on it. A window gives its own, and so the eye "
    "knows one from the other before any word is read. "
)

FONT = "font-family:sans-serif;"

WINDOW, PHONE = (960, 640), (400, 760)


def chat(dark: bool, photo: str = "") -> str:
    """Bubbles to the left and right, a field to write in."""
    back, left, right, ink = (
        ("#0e1621", "#182533", "#2b5278", "#e9eef4") if dark else ("#fff", "#f0f0f3", "#d7f8c8", "#111")
    )
    lines = ("Are you there already?", "Almost. The train waits before the bridge.", "It gets dark early today", TEXT, "Ha!",
             "Shall I order for you?", "Yes please, the soup", "See you at seven", "Bring the lamp")  # fmt: skip
    bubbles = "".join(
        f"<div style='align-self:{'flex-end' if k % 2 else 'flex-start'};background:{right if k % 2 else left};"
        f"padding:8px 12px;border-radius:14px;max-width:62%;margin:5px'>{line}</div>"
        for k, line in enumerate(lines)
    )
    shown = f"<img src='{photo}' style='width:46%;border-radius:14px;margin:5px'>" if photo else ""
    return (
        f"<body style='margin:0;background:{back};color:{ink};{FONT}font-size:15px'>"
        f"<div style='padding:12px;border-bottom:1px solid #8884;font-weight:bold'>Anna</div>"
        f"<div style='display:flex;flex-direction:column;padding:10px'>{shown}{bubbles}</div></body>"
    )


def settings(dark: bool, wide: bool) -> str:
    """A list of switches, with a column of topics beside it where there is room."""
    back, card, ink = ("#202020", "#2b2b2b", "#f2f2f2") if dark else ("#f3f3f3", "#ffffff", "#1b1b1b")
    rows = "".join(
        f"<div style='background:{card};padding:14px 16px;margin:6px 0;border-radius:8px;display:flex;"
        f"justify-content:space-between'><span>{name}<br><small style='opacity:.6'>{note}</small></span>"
        f"<span style='width:40px;height:20px;border-radius:10px;background:{'#0067c0' if k % 2 else '#bbb'}'></span></div>"
        for k, (name, note) in enumerate(
            [("Night light", "Warmer colours after sunset"), ("Brightness", "Follows the room"), ("Notifications", "All apps"),
             ("Storage", "112 GB of 256 GB used"), ("Privacy", "Location is off"), ("Updates", "You are up to date"),
             ("Language", "English"), ("Sound", "Speakers")]
        )
    )  # fmt: skip
    side = "".join(
        f"<div style='padding:10px 4px'>{t}</div>" for t in ("System", "Devices", "Network", "Apps", "Accounts", "Time")
    )
    column = f"<div style='width:180px;padding:16px'>{side}</div>" if wide else ""
    main = f"<div style='flex:1;padding:16px'><h2 style='margin:4px 0 12px'>Settings</h2>{rows}</div>"
    return (
        f"<body style='margin:0;background:{back};color:{ink};{FONT}font-size:14px;display:flex'>{column}{main}</body>"
    )


def article(back: str, ink: str, photos: tuple[str, ...], wide: bool) -> str:
    """A headline, paragraphs and photos; a column of links where there is room."""
    parts = []
    for k, photo in enumerate(photos):
        style = "width:100%;height:250px;object-fit:cover" if k == 0 else "width:48%;float:right;margin:0 0 8px 12px"
        parts.append(f"<img src='{photo}' style='{style}'><p>{TEXT * 2}</p><p>{TEXT}</p>")
    links = "".join(
        f"<li style='margin:9px 0'><a href=#>{t}</a></li>" for t in ("Harbour", "Weather", "Letters", "Sport", "Stage")
    )
    side = (
        f"<aside style='width:200px;padding:20px;background:#8881'><b>Related</b><ul>{links}</ul></aside>"
        if wide
        else ""
    )
    head = (
        "<h1 style='margin:.2em 0'>What the night ferry carries</h1><p><small>By our reporter - 4 minutes</small></p>"
    )
    main = f"<main style='flex:1;padding:20px'>{head}{''.join(parts)}</main>"
    return f"<body style='margin:0;background:{back};color:{ink};{FONT}font-size:15px;line-height:1.45;display:flex'>{main}{side}</body>"


def terminal() -> str:
    """Light text on black, some of it coloured."""
    lines = "".join(
        f"<div><span style='color:#7ee787'>user@host</span>:<span style='color:#79c0ff'>~/photos</span>$ {command}</div>"
        f"<div style='color:#ddd'>{'  '.join(f'night_{k}{n}.jpg' for n in range(5))}</div>"
        for k, command in enumerate(
            ["ls", "make test", "git log --oneline", "cat notes.txt", "du -sh *", "top", "date", "ls -la"]
        )
    )
    return (
        f"<body style='margin:0;background:#0d1117;color:#f0f6fc;font:16px/1.6 monospace;padding:16px'>{lines}</body>"
    )


def dashboard() -> str:
    """Dark cards with white numbers and bars."""
    cards = "".join(
        f"<div style='background:#1c2230;border-radius:10px;padding:18px;width:250px;margin:8px'><div style='opacity:.7'>{name}</div>"
        f"<div style='font-size:44px;font-weight:bold;color:#fff'>{value}</div><div style='height:10px;background:#313a50'>"
        f"<div style='height:10px;width:{width}%;background:#4cc2ff'></div></div></div>"
        for name, value, width in [("Visitors", "8 214", 70), ("Errors", "3", 8), ("Latency", "41 ms", 35), ("Sales", "1 902", 55),
                                   ("Storage", "62 %", 62), ("Queue", "17", 20)]
    )  # fmt: skip
    return f"<body style='margin:0;background:#11151f;color:#dfe6f3;{FONT}padding:14px;display:flex;flex-wrap:wrap'>{cards}</body>"


SCREENS = {
    "chat-desktop": (WINDOW, chat(False)),
    "chat-phone": (PHONE, chat(False)),
    "chat-photo": (PHONE, chat(False, "overcast-pavilion.jpg")),
    "chat-dark": (PHONE, chat(True)),
    "settings-desktop": (WINDOW, settings(False, True)),
    "settings-phone": (PHONE, settings(False, False)),
    "settings-dark": (WINDOW, settings(True, True)),
    "article-news": (WINDOW, article("#fff", "#111", ("sun-palms.jpg", "portrait-officer.jpg"), True)),
    "article-phone": (PHONE, article("#fff", "#111", ("lamps-hall.jpg",), False)),
    "article-sepia": (WINDOW, article("#f4ecd8", "#3b2f1c", ("snow-forest.jpg",), False)),
    "article-recipe": (PHONE, article("#fffdf8", "#222", ("still-coffee.jpg", "flower-dahlia.jpg"), False)),
    "article-dark": (WINDOW, article("#16181c", "#e7e9ea", ("neon-station.jpg",), True)),
    "dark-terminal": (WINDOW, terminal()),
    "dark-dashboard": (WINDOW, dashboard()),
}

BOXES = (
    "[...document.images].map(i => { const b = i.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom] })"
)


def main() -> None:
    """Render every screen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=HERE)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    regions = {}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=arguments.browser, args=["--no-sandbox"])
        for name, (size, body) in SCREENS.items():
            page = browser.new_page(viewport={"width": size[0], "height": size[1]})
            regions[name] = {"photo": rendered(page, body, arguments.output, name, size)}
        browser.close()
    kept = {name: found for name, found in regions.items() if found["photo"]}
    (arguments.output / "regions.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def rendered(page: Page, body: str, folder: Path, name: str, size: tuple[int, int]) -> list[list[float]]:
    """Write one screen; returns where its photos are, as shares: left, top, right, bottom."""
    source = folder / f"{name}.html"
    source.write_text(f"<!doctype html><meta charset=utf-8>{body}", "utf-8")
    try:
        page.goto(source.absolute().as_uri())
        page.wait_for_load_state("load")
        boxes = page.evaluate(BOXES)
        picture = Pil.open(io.BytesIO(page.screenshot())).convert("RGB")
    finally:
        source.unlink()
    picture.save(folder / f"{name}.webp", lossless=True, quality=100, method=6)
    shares = [[round(max(0.0, min(1.0, edge / size[k % 2])), 4) for k, edge in enumerate(box)] for box in boxes]
    return [box for box in shares if box[1] < box[3]]


if __name__ == "__main__":
    main()
