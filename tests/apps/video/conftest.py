"""Clips of films for the tests of this folder."""

from fractions import Fraction

import numpy as np
import pytest

clips = pytest.importorskip("clips", reason="films need PyAV: pip install 'untone[video]'")


@pytest.fixture
def clip(tmp_path):
    """12 frames of BT.709."""
    return clips.write_clip(tmp_path / "clip.mp4", [clips.scene(i) for i in range(12)])


@pytest.fixture
def rich_clip(tmp_path):
    """Makes a clip with variable rate, a start offset, B-frames, two sounds, words, chapters, an aspect, a turn."""

    def make(suffix):
        fills = []

        def dress(container, stream):
            stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
            stream.set_display_rotation(90)
            stream.metadata["language"] = "eng"
            fills.extend([clips.add_tone(container, language="deu"), clips.add_tone(container, language="fra")])
            words = [(100, "hello"), (600, "world")]
            fills.append(clips.add_words(container, "mov_text" if suffix == ".mp4" else "subrip", words))
            container.metadata["title"] = "A title"
            container.set_chapters([
                {"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}},
                {"id": 2, "start": 500, "end": 1000, "time_base": Fraction(1, 1000), "metadata": {"title": "Two"}},
            ])  # fmt: skip

        steps = np.random.default_rng(3).choice([1001, 2002, 1500], 20)
        pts = [3000, *(3000 + np.cumsum(steps)).tolist()]
        options = {"crf": "10", "preset": "medium", "bf": "3"}
        pictures, path = [clips.scene(i) for i in range(21)], tmp_path / f"rich{suffix}"
        return clips.write_clip(path, pictures, pts=pts, base=Fraction(1, 30000),
                          options=options, dress=dress, after=lambda _: [fill() for fill in fills])  # fmt: skip

    return make
