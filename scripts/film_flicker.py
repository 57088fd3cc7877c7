"""How much the light of still patches moves from frame to frame: python scripts/film_flicker.py CLIP...

Three renderings of each clip: through one curve for each scene (the mean of what the network says in it), so that only
the film itself moves; through what the network says of each frame by itself; and as `untone` does it, smoothed.
A patch is one of 32 x 18, still where its code moved by less than STILL in the film. Figures are the root mean square
of the change in stops, over still patches above DARK nits, within scenes.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np

from untone.apps.video.conversion import operator_model, pictures, timeline
from untone.apps.video.grading import Grader
from untone.apps.video.options import FilmOptions
from untone.apps.video.reading import Source
from untone.apps.video.smoothing import judge, mean_of
from untone.colour import pq_to_nits
from untone.kernels import video
from untone.prediction import THUMBNAIL_SIDE

ACROSS, DOWN = 32, 18
STILL, DARK = 0.4, 1.0


def patches(plane):
    """[DOWN, ACROSS] means."""
    height, width = plane.shape[0] // DOWN * DOWN, plane.shape[1] // ACROSS * ACROSS
    return plane[:height, :width].reshape(DOWN, height // DOWN, ACROSS, -1).mean((1, 3), dtype=np.float64)


def main(paths):
    """Print a table."""
    model = operator_model("fastgamer")
    print(f"{'clip':24} {'frames':>6} {'scenes':>6} {'asked':>6} {'one curve':>10} {'each frame':>10} {'smoothed':>10}")
    for path in paths:
        with Source(Path(path)) as film:
            facts, options = film.facts, FilmOptions()
            line, grader = timeline(facts, model), Grader(film.facts, options)
            alone = judge(model, facts.orientation)
            codes, scenes, light = [], [], {"one curve": [], "each frame": [], "smoothed": []}
            kept, planes = [], video.empty_planes(facts.height, facts.width)
            for steady in pictures(film, line):
                source = steady.picture.planes
                own = alone(video.thumbnail(source.cropped(steady.bars.picture(*source.y.shape)), THUMBNAIL_SIDE))
                scenes.append(steady.scene)
                codes.append(patches(source.y) / (1 << source.bits - 8))
                copied = dataclasses.replace(source, y=source.y.copy(), cb=source.cb.copy(), cr=source.cr.copy())
                picture = dataclasses.replace(steady.picture, planes=copied, frame=None)
                kept.append((dataclasses.replace(steady, picture=picture), own))
            curves = {
                scene: mean_of([s.verdict for s, _ in kept if s.scene == scene], [1.0] * scenes.count(scene))
                for scene in set(scenes)
            }
            for steady, own in kept:
                chosen = {"one curve": curves[steady.scene], "each frame": own, "smoothed": steady.verdict}
                for name, verdict in chosen.items():
                    grader.render(dataclasses.replace(steady, verdict=verdict), planes)
                    light[name].append(pq_to_nits((patches(planes[0]) - 64) / 876))
        figures = [flicker(np.array(codes), np.array(light[name]), np.array(scenes)) for name in light]
        print(f"{Path(path).name:24} {len(kept):6} {line.scenes:6} {line.judged:6} "
              + " ".join(f"{figure:10.4f}" for figure in figures), flush=True)  # fmt: skip


def flicker(codes, light, scenes):
    """Root mean square change in stops."""
    inside = (np.diff(scenes) == 0)[:, None, None]
    still = inside & (np.abs(np.diff(codes, axis=0)) < STILL) & (light[1:] > DARK) & (light[:-1] > DARK)
    if not still.any():
        return float("nan")
    change = np.diff(np.log2(np.maximum(light, 1e-6)), axis=0)
    return float(np.sqrt((change[still] ** 2).mean()))


if __name__ == "__main__":
    main(sys.argv[1:])
