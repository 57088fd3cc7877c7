"""Burnt-in subtitles and logos stay at white; lamps, snow, shirts, windows and fences do not."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from untone.apps.video import grading, smoothing
from untone.apps.video.grading import Grader
from untone.apps.video.options import FilmOptions
from untone.apps.video.overlays import keying, strokes
from untone.apps.video.overlays.tracking import LOGO_STANDING, STANDING, Tracker
from untone.apps.video.reading import Facts, Picture
from untone.apps.video.signals import Tags, source_signal
from untone.kernels import video
from untone.operators import Operators

HEIGHT, WIDTH = 360, 640
LETTERS = 0.98
"""Luma of letters."""


def planes(picture, bits=8, full=False):
    """BT.709 planes of grey in 0..1, [H, W]."""
    scale = 1 << (bits - 8)
    black, white = (0, (1 << bits) - 1) if full else (16 * scale, 235 * scale)
    luma = (black + (white - black) * picture + 0.5).astype(np.uint8 if bits == 8 else np.uint16)
    half = (-(-luma.shape[0] // 2), -(-luma.shape[1] // 2))
    grey = np.full(half, 128 * scale, luma.dtype)
    return video.YCbCr(luma, grey, grey, bits, full_range=full)


def written(picture, words, size=20, where=0.86, outline=1, across=0.5):
    """A picture [H, W] in 0..1 with lines of text over it."""
    image = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for k, line in enumerate(words.split("|")):
        at = (picture.shape[1] * across, picture.shape[0] * where + 1.2 * size * k)
        pen.text(at, line, fill=round(255 * LETTERS), font=font, anchor="mm", stroke_width=outline, stroke_fill=0)
    return np.asarray(image) / 255


def dark(_):
    return np.full((HEIGHT, WIDTH), 0.15)


def snow(index):
    return np.clip(0.85 + np.random.default_rng(index).normal(0, 0.02, (HEIGHT, WIDTH)), 0, 1)


def moving(index):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return 0.45 + 0.4 * np.sin((x + 9 * index) / 31) * np.sin(y / 23 + index / 5)


def tracked(pictures, make=planes):
    """Overlays of each frame, as they are known in the end."""
    tracker = Tracker()
    return [tracker.push(make(picture)) for picture in pictures]


@pytest.mark.parametrize("behind", [dark, snow, moving])
def test_a_line_is_known_from_its_first_frame_to_its_last(behind):
    pictures = [behind(k) for k in range(24)]
    for k in range(6, 18):
        pictures[k] = written(pictures[k], "Hello there, stranger.|Il a dit non.")
    found = tracked(pictures)
    assert [bool(overlays) for overlays in found] == [6 <= k < 18 for k in range(24)]
    share = np.zeros((HEIGHT, WIDTH))
    for overlay in found[10]:
        top, left, rows, columns = overlay.area
        whole = planes(pictures[10])
        part = share[top : top + rows, left : left + columns]
        np.maximum(part, keying.weights(whole.cropped(overlay.area), overlay), out=part)
    letters = written(np.zeros((HEIGHT, WIDTH)), "Hello there, stranger.|Il a dit non.", outline=0) > 0.9 * LETTERS
    assert share[letters].mean() > (0.85 if behind is snow else 0.99)  # edges of letters are as bright as snow
    near = strokes.grown(letters, 6)
    assert share[~near].max() == 0


def test_one_line_after_another_and_words_across_a_cut():
    pictures = [written(dark(k), "Hello there, stranger.") for k in range(6)]
    pictures += [written(0.6 - dark(k), "What do you want here?") for k in range(6)]  # a cut
    found = tracked(pictures)
    assert all(found)
    assert len({overlays[0].area for overlays in found}) == 2


@pytest.mark.parametrize(
    ("bits", "full", "size"), [(8, True, (361, 639)), (10, False, (720, 1280)), (8, False, (1080, 1920))]
)
def test_other_signals_and_sizes_and_steps(bits, full, size):
    picture = written(np.full(size, 0.2), "Hello there, stranger.", size=size[0] // 20)
    found = tracked([picture] * STANDING, lambda p: planes(p, bits, full))
    assert [len(overlays) for overlays in found] == [1] * STANDING
    top, left, rows, columns = found[0][0].area
    assert top % 2 == left % 2 == 0
    share = keying.weights(planes(picture, bits, full).cropped(found[0][0].area), found[0][0])
    assert share.shape == (rows, columns)
    bright = picture[top : top + rows, left : left + columns] > 0.9
    assert share[bright].min() > 0.99


def test_coloured_words_are_no_subtitles():
    words = planes(written(dark(0), "Hello there, stranger."))
    yellow = dataclasses.replace(words, cb=np.full_like(words.cb, 60))
    tracker = Tracker()
    assert not any(tracker.push(yellow) for _ in range(8))


def lamps(_):
    """A string of lights in a row, each with its glow."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    light = sum(np.exp(-((x - at) ** 2 + (y - 310) ** 2) / 60) for at in range(40, 620, 36))
    return np.clip(0.1 + 2 * light, 0, 1)


def windows(_):
    picture = dark(0)
    for top in range(250, 340, 22):
        for left in range(30, 600, 17):
            picture[top : top + 12, left : left + 8] = 0.95
    return picture


def fence(_):
    picture = dark(0)
    for left in range(30, 600, 9):
        picture[290:320, left : left + 3] = 0.95
    return picture


def shirt(_):
    picture = dark(0)
    picture[260:, 200:420] = 0.92
    picture[260:, 300:303] = 0.6  # a seam
    return picture


def flakes(index):
    picture = dark(0)
    rng = np.random.default_rng(index)
    for y, x in zip(rng.integers(0, HEIGHT - 3, 300), rng.integers(0, WIDTH - 3, 300), strict=True):
        picture[y : y + 3, x : x + 3] = 0.95
    return picture


def twigs(_):
    """Snow behind dark twigs."""
    picture, rng = np.full((HEIGHT, WIDTH), 0.93), np.random.default_rng(0)
    for _ in range(150):
        y, x = rng.integers(200, HEIGHT), rng.integers(0, WIDTH - 40)
        picture[y : y + 2, x : x + rng.integers(10, 40)] = 0.2
        picture[max(y - 15, 0) : y + 15, x : x + 2] = 0.2
    return picture


@pytest.mark.parametrize("behind", [lamps, windows, fence, shirt, flakes, twigs, snow])
def test_what_shines_in_the_lower_third_is_no_text(behind):
    assert not any(tracked([behind(k) for k in range(10)]))


def test_a_logo_is_known_once_all_around_it_has_moved_and_stays_across_a_cut():
    def with_logo(picture):
        return written(picture, "untone", size=22, where=0.08, outline=0, across=0.9)

    pictures = [with_logo(np.clip(moving(3 * k), 0, 0.7)) for k in range(50)]
    pictures += [with_logo(0.7 - np.clip(moving(3 * k), 0, 0.7)) for k in range(20)]
    found = tracked(pictures)
    first = next(k for k, overlays in enumerate(found) if overlays)
    assert LOGO_STANDING <= first <= 2 * LOGO_STANDING
    assert all(found[first:])
    seen = [overlays[0].weight for overlays in found[first:]]
    assert np.diff(seen).max() < 0.1
    assert seen[-1] == 1
    top, left, rows, _ = found[-1][0].area
    assert top + rows < HEIGHT / 4
    assert left > WIDTH * 3 / 4
    assert not tracked([*pictures, *[moving(k) for k in range(8)]])[-1]  # it went away
    assert not any(tracked([with_logo(dark(0))] * 60))  # nothing moves: a lamp or a logo, who knows


def test_the_moon_and_a_lamp_in_a_corner_are_no_logos():
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    moon = (np.hypot(x - 560, y - 50) < 20) * 0.95
    assert not any(tracked([np.maximum(np.clip(moving(3 * k), 0, 0.6), moon) for k in range(60)]))
    lamp = (np.hypot(x - 560, y - 50) < 5) * 0.95
    assert not any(tracked([np.maximum(dark(0) + 0.01 * (k % 2), lamp) for k in range(60)]))


def test_a_hand_worked_opening():
    bright = np.zeros((24, 40), bool)
    bright[4:20, 4:20] = True  # a square of 16
    bright[2:22, 30:33] = True  # a stroke of 3
    found = strokes.thin(bright, 8)
    assert not found[:, :24].any()
    assert found[2:22, 30:33].all()
    assert strokes.boxes(found, 4) == [(2, 30, 22, 33)]
    assert strokes.stretches(np.array([0, 1, 1, 0, 0, 1], bool), 3) == [(1, 6)]
    assert strokes.stretches(np.array([0, 1, 1, 0, 0, 1], bool), 2) == [(1, 3), (5, 6)]


def brightening():
    """One stop and a half of everything."""
    lut = np.full((2, 2, 2, 3), np.arctanh(0.5), np.float32)
    return Operators(np.zeros((3, 2, 2, 8, 3), np.float32), lut, 3.0)


class Model:
    def operators(self, _):
        return brightening()


def graded(pictures, strength=1.0):
    """Planes and light of each frame."""
    signal = source_signal(Tags(1, 1, 1, 1), "yuv420p", HEIGHT, WIDTH)
    base = Fraction(1, 24)
    facts = Facts(WIDTH, HEIGHT, base, 1 / base, None, Fraction(1), None, 1, signal, False, None)
    grader = Grader(facts, FilmOptions(strength=strength))
    line, done = smoothing.Timeline(smoothing.judge(Model(), 1), 4), []

    def take(steady):
        done.append(video.empty_planes(HEIGHT, WIDTH))
        grader.render(steady, done[-1])

    for k, picture in enumerate(pictures):
        for steady in line.push(Picture(None, k, planes(picture))):
            take(steady)
    for steady in line.flush():
        take(steady)
    return done, grader.light


def test_letters_are_written_as_they_were_and_nothing_else_is():
    words = written(dark(0), "Hello there, stranger.")
    bare, plain = graded([dark(0)] * 8)[0], graded([words] * 8, strength=0)[0]
    done, light = graded([words] * 8)
    letters = written(np.zeros((HEIGHT, WIDTH)), "Hello there, stranger.", outline=0) > 0.9 * LETTERS
    assert np.abs(done[0][0][letters].astype(int) - plain[0][0][letters]).max() <= 2
    far = ~strokes.grown(letters, 6)
    assert np.array_equal(done[0][0][far], bare[0][0][far])
    assert light[0].brightest_nits == pytest.approx(203 * LETTERS**2.4, rel=0.03)
    assert max(f.brightest_nits for f in graded([snow(0)] * 8)[1]) > 300  # while snow shines
    assert grading.brightest_nits(np.bincount([594], minlength=video.LEVELS)) == pytest.approx(203, rel=0.01)
