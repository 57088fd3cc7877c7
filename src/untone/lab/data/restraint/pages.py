"""Drawn pages: text, slide, whiteboard, form, spreadsheet, newspaper, dark mode. Nothing in them gives light."""

from __future__ import annotations

import numpy as np

from .drawing import BLACK, Codes, Colour, Sheet

MARKERS: tuple[Colour, ...] = ((20, 40, 160), (180, 20, 30), (10, 110, 60), BLACK)


def letter(random: np.random.Generator) -> Codes:
    """A page of text, upright."""
    sheet = Sheet(560, 740)
    sheet.text((60, 60), "Of pages and lamps", 30)
    for top in range(130, 650, 130):
        sheet.paragraph(random, (60, top, 500, top + 110), 15)
    return sheet.codes()


def slide(random: np.random.Generator) -> Codes:
    """A slide with bullets and a bar chart."""
    sheet = Sheet(800, 450, (252, 252, 252))
    sheet.pen.rectangle((0, 0, 800, 70), fill=(30, 60, 120))
    sheet.text((30, 18), "Results of the quarter", 30, (255, 255, 255))
    for k in range(4):
        sheet.text(
            (40, 110 + 60 * k), f"-  {' '.join(random.choice(['more', 'less', 'light', 'paper', 'rain'], 4))}", 20
        )
    for k, share in enumerate(random.uniform(0.2, 1, 6)):
        left = 450 + 52 * k
        sheet.pen.rectangle((left, 400 - 260 * share, left + 36, 400), fill=MARKERS[k % 3])
    return sheet.codes()


def whiteboard(random: np.random.Generator) -> Codes:
    """Boxes, arrows and scribbles in four inks."""
    sheet = Sheet(760, 500, (244, 246, 246))
    for k in range(6):
        left, top = 40 + 240 * (k % 3), 50 + 220 * (k // 3)
        ink = MARKERS[k % 4]
        sheet.pen.rounded_rectangle((left, top, left + 170, top + 110), 14, outline=ink, width=5)
        sheet.text(
            (left + 20, top + 35),
            str(random.choice(["input", "queue", "light?", "ask Ann", "ship it", "= 42"])),
            30,
            ink,
        )
        if k % 3 < 2:
            sheet.pen.line((left + 175, top + 55, left + 232, top + 55 + 8 * random.normal()), fill=ink, width=5)
    steps = np.cumsum(random.normal(0, 14, (40, 2)), 0) + np.array([380, 450])
    sheet.pen.line([tuple(p) for p in steps], fill=MARKERS[1], width=4)
    return sheet.codes()


def form(random: np.random.Generator) -> Codes:
    """An invoice: ruled fields and numbers."""
    sheet = Sheet(560, 740)
    sheet.text((50, 50), "Invoice", 36, (40, 40, 90))
    for k in range(14):
        top = 150 + 36 * k
        sheet.pen.line((50, top + 28, 510, top + 28), fill=(150, 150, 150), width=1)
        sheet.text((54, top + 6), " ".join(random.choice(["lamp", "paper", "ink", "hours", "freight"], 2)), 15)
        sheet.text((430, top + 6), f"{random.uniform(1, 900):.2f}", 15)
    sheet.pen.rectangle((300, 670, 510, 710), fill=(225, 230, 245))
    sheet.text((320, 678), "Total  2104.60", 20)
    return sheet.codes()


def spreadsheet(random: np.random.Generator) -> Codes:
    """Cells, a coloured head, numbers."""
    sheet = Sheet(800, 500)
    sheet.pen.rectangle((0, 0, 800, 30), fill=(33, 115, 70))
    for row in range(1, 20):
        sheet.pen.line((0, 30 + 25 * row, 800, 30 + 25 * row), fill=(212, 212, 212))
        for column in range(8):
            sheet.text((column * 100 + 20, 30 + 25 * row - 20), f"{random.normal(100, 40):.1f}", 13)
    for column in range(9):
        sheet.pen.line((column * 100, 30, column * 100, 500), fill=(212, 212, 212))
    return sheet.codes()


def newspaper(random: np.random.Generator) -> Codes:
    """Columns on greyish paper."""
    sheet = Sheet(620, 760, (236, 232, 222))
    sheet.text((40, 30), "The Morning Paper", 46)
    sheet.pen.line((40, 95, 580, 95), fill=BLACK, width=3)
    for column in range(3):
        left = 40 + 185 * column
        sheet.text((left, 110), " ".join(random.choice(["Rain", "Lamp", "Sea", "Vote"], 2)), 22)
        sheet.paragraph(random, (left, 150, left + 165, 720), 12)
    return sheet.codes()


def dark(random: np.random.Generator) -> Codes:
    """An editor in dark mode: light and coloured text on near black."""
    sheet = Sheet(800, 520, (24, 26, 31))
    inks: tuple[Colour, ...] = ((212, 212, 212), (86, 156, 214), (206, 145, 120), (255, 255, 255), (106, 153, 85))
    sheet.pen.rectangle((0, 0, 170, 520), fill=(32, 34, 40))
    for row in range(20):
        left = 190 + 26 * int(random.integers(0, 4))
        for _ in range(int(random.integers(2, 6))):
            word = str(random.choice(["return", "light", "= stops", "(row)", "'white'", "for", "if", "1.0"]))
            sheet.text((left, 14 + 25 * row), word, 16, inks[int(random.integers(len(inks)))])
            left += 12 * len(word) + 8
        sheet.text((16, 14 + 25 * row), f"file_{row:02d}", 14, (170, 170, 170))
    return sheet.codes()


def dark_slide(random: np.random.Generator) -> Codes:
    """Large white words on black."""
    sheet = Sheet(800, 450, (8, 8, 10))
    sheet.text((60, 60), "Thank you", 78, (255, 255, 255))
    sheet.paragraph(random, (60, 210, 700, 380), 24, (235, 235, 235))
    return sheet.codes()
