"""untone clip.mp4: signals, timing, tracks and light of the film that is written; what is refused; whole or nothing."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction

import numpy as np
import pytest
from clips import HEIGHT, WIDTH, add_tone, av, decoded, packets_of, scene, write_clip
from PIL import Image as Pillow

from untone import cli
from untone.apps import video as films
from untone.apps.video.conversion import convert
from untone.apps.video.options import FilmOptions
from untone.apps.video.reading import Source
from untone.apps.video.truncation import said_bytes
from untone.colour import pq_to_nits
from untone.errors import DamagedError, UnsupportedError, UntoneError
from untone.kernels.video import YCbCr, reference

FAST = {"av1": "12", "hevc": "ultrafast"}


def fast(codec="av1", **options):
    return FilmOptions(codec=codec, preset=FAST.get(codec), **{"crf": 10 if codec in FAST else None, **options})


def side_data(path):
    """Mastering display and light levels of the first frame, as bytes."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return {data.type.name: bytes(data) for data in frame.side_data}


def nits_of(y, cb, cr):
    """Brightest channel of every pixel, [H, W], of 10-bit limited-range BT.2020 PQ."""
    luma = (y.astype(float) - 64) / 876
    _, b, r = reference.full_size(YCbCr(y, cb, cr, 10, "bt2020", siting="topleft"))
    b, r = (b - 512) / 896, (r - 512) / 896
    red, blue = luma + 1.4746 * r, luma + 1.8814 * b
    green = (luma - 0.2627 * red - 0.0593 * blue) / 0.6780
    return pq_to_nits(np.max([red, green, blue], axis=0))


@pytest.mark.parametrize(("codec", "suffix"), [("av1", ".mp4"), ("av1", ".mkv"), ("hevc", ".mp4"), ("hevc", ".mkv"),
                                               ("prores", ".mov"), ("ffv1", ".mkv")])  # fmt: skip
def test_every_codec_says_hdr10_in_stream_and_container(clip, tmp_path, codec, suffix):
    target = tmp_path / f"out{suffix}"
    done = convert(clip, target, fast(codec))
    with av.open(str(target)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (9, 16, 9, 1)
        assert context.pix_fmt == ("yuv422p10le" if codec == "prores" else "yuv420p10le")
        tags = {("av1", ".mp4"): "av01", ("hevc", ".mp4"): "hvc1", ("prores", ".mov"): "apch"}
        assert context.codec_tag == tags.get((codec, suffix), context.codec_tag)
    levels = np.array([round(done.max_cll_nits), round(done.max_fall_nits)], ">u2").tobytes()
    data = target.read_bytes()
    if suffix == ".mkv":
        assert b"\x55\xbc\x82" + levels[:2] in data
        assert b"\x55\xbd\x82" + levels[2:] in data
        assert b"\x55\xd0" in data
    else:
        assert b"clli" + levels in data
        assert b"mdcv" + np.array([13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450], ">u2").tobytes() in data
    assert np.array([0xA5C3, 0x5AC3], ">u2").tobytes() not in data
    if codec in FAST:
        said = side_data(target)
        assert np.frombuffer(said["CONTENT_LIGHT_LEVEL"], np.uint32).tolist() == np.frombuffer(levels, ">u2").tolist()
        assert "MASTERING_DISPLAY_METADATA" in said


def test_frames_of_an_avi_are_evenly_spaced_though_it_has_no_timestamps(tmp_path):
    options = {"crf": "10", "bf": "3", "preset": "medium"}
    clip = write_clip(tmp_path / "clip.avi", [scene(k) for k in range(16)], options=options)
    done = convert(clip, tmp_path / "out.mp4", fast())
    times = [at for at, *_ in decoded(tmp_path / "out.mp4")]
    assert (done.frames, len(times), done.notes) == (16, 16, ())
    assert set(np.diff(times)) == {Fraction(1, 24)}


def test_the_first_frame_of_an_mp4_is_where_it_was_not_only_to_a_millisecond(tmp_path):
    pts = [1001 + 500 * k for k in range(6)]
    clip = write_clip(tmp_path / "clip.mp4", [scene(k) for k in range(6)], pts=pts, base=Fraction(1, 30000),
                      muxing={"movie_timescale": "30000"})  # fmt: skip
    convert(clip, tmp_path / "out.mp4", fast())
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].start_time * container.streams.video[0].time_base == Fraction(1001, 30000)
    before, after = ([at for at, *_ in decoded(p)] for p in (clip, tmp_path / "out.mp4"))
    assert before == after


@pytest.mark.parametrize("suffix", [".mkv", ".avi"])
def test_a_file_shorter_than_it_says_is_refused_at_once_however_little_is_missing(tmp_path, suffix):
    clip = write_clip(tmp_path / f"clip{suffix}", [scene(k) for k in range(12)])
    assert said_bytes(clip) <= clip.stat().st_size
    short = tmp_path / f"short{suffix}"
    short.write_bytes(clip.read_bytes()[: said_bytes(clip) - 9])
    with pytest.raises(DamagedError, match=r"truncated: \d+ of its \d+ bytes"):
        convert(short, tmp_path / "out.mkv", fast())
    assert convert(short, tmp_path / "out.mkv", fast(end=0.2)).frames in (
        3,
        5,
    )  # AVI counts from the first that is decoded
    assert said_bytes(short) == said_bytes(clip)
    for bytes_ in (
        b"",
        b"\x1a\x45\xdf\xa3",
        b"\x1a\x45\xdf\xa3\x80",
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff",
        b"no film",
    ):
        short.write_bytes(bytes_)
        assert said_bytes(short) is None


def test_light_levels_lie_between_the_percentile_and_the_maximum_of_what_is_decoded(clip, tmp_path):
    target = tmp_path / "out.mp4"
    done = convert(clip, target, fast(crf=4))
    frames = [nits_of(*planes) for _, *planes in decoded(target)]
    low, high = max(np.quantile(f, 0.9999) for f in frames), max(f.max() for f in frames)
    assert 0.95 * low <= done.max_cll_nits <= 1.05 * high
    assert done.max_fall_nits == pytest.approx(max(f.mean() for f in frames), rel=0.03)
    assert done.max_cll_nits > 203


@pytest.mark.parametrize("source", [".mp4", ".mkv"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_timestamps_and_tracks_are_the_source_s(rich_clip, tmp_path, source, suffix):
    clip, target = rich_clip(source), tmp_path / f"out{suffix}"
    done = convert(clip, target, fast())
    assert done.frames == 21
    tick = Fraction(1, 1000) if suffix == ".mkv" else Fraction(0)
    before, after = (sorted(at for at, *_ in decoded(path)) for path in (clip, target))
    assert len(before) == len(after)
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= tick / 2
    old, new = packets_of(clip), packets_of(target)
    for track in (1, 2):
        assert [data for _, data in old[track]] == [data for _, data in new[track]]
        pairs = zip(old[track], new[track], strict=True)
        assert max(abs(a - b) for (a, _), (b, _) in pairs) <= tick / 2
    words = [data for _, data in new[3] if data.strip(b"\0")]
    assert [re.sub(rb"[^a-z]", b"", w) for w in words] == [b"hello", b"world"]
    with av.open(str(clip)) as a, av.open(str(target)) as b:
        assert [s.language for s in a.streams][:4] == [s.language for s in b.streams][:4]
        assert [c["metadata"] for c in a.chapters()] == [c["metadata"] for c in b.chapters()]
        assert [c["start"] * c["time_base"] for c in a.chapters()] == [
            c["start"] * c["time_base"] for c in b.chapters()
        ]
        assert b.metadata["title"] == "A title"
        assert b.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
        assert next(a.decode(video=0)).rotation == next(b.decode(video=0)).rotation == 90
    assert all("plain text" in note for note in done.notes)
    assert bool(done.notes) == (source != suffix)


def test_hlg_has_its_white_at_75_percent_and_no_metadata(tmp_path):
    white = np.ones((HEIGHT, WIDTH, 3))
    clip = write_clip(tmp_path / "white.mp4", [white] * 3)
    target = tmp_path / "out.mp4"
    convert(clip, target, fast(transfer="hlg", strength=0.0))
    with av.open(str(target)) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (9, 18, 9, 1)
    assert not {"CONTENT_LIGHT_LEVEL", "MASTERING_DISPLAY_METADATA"} & set(side_data(target))
    assert decoded(target)[0][1].mean() == pytest.approx(64 + 876 * 0.75, abs=2)


@pytest.mark.parametrize(("pix_fmt", "tags", "height"), [
    ("yuv420p", (1, 1, 1, 1), 90), ("yuvj420p", (1, 1, 1, 2), 90), ("yuv422p", (6, 6, 6, 1), 90),
    ("yuv444p", (1, 1, 1, 1), 90), ("yuv420p10le", (1, 1, 1, 1), 90), ("yuv420p", (2, 2, 2, 0), 90),
    ("yuv420p", (2, 2, 2, 0), 720), ("nv12", (1, 1, 1, 1), 90),
])  # fmt: skip
def test_colours_are_read_by_their_tags_else_by_their_size(tmp_path, pix_fmt, tags, height):
    """Pure green at strength 0: (0.3293, 0.9195, 0.0880) of white in BT.2020; by SMPTE C, its largest is 0.8915."""
    small = height == 90 and tags[0] == 2
    lossless = pix_fmt not in ("nv12", "yuvj420p")
    picture = np.zeros((height, WIDTH, 3))
    picture[..., 1] = 1
    written = (6 if small else 1, 2, 2, 1) if tags[0] == 2 else tags
    clip = write_clip(tmp_path / "green.mkv", [picture] * 2, codec="ffv1" if lossless else "libx264",
                      pix_fmt=pix_fmt, tags=written, options={} if lossless else None)  # fmt: skip
    if tags[0] == 2:  # written by the matrix that its size stands for, then said to be unknown
        data = clip.read_bytes()
        at = data.index(b"\x55\xb1\x81") + 3
        clip.write_bytes(data[:at] + b"\x02" + data[at + 1 :])
    target = tmp_path / "out.mkv"
    convert(clip, target, fast("ffv1", strength=0.0))
    _, y, cb, cr = decoded(target)[0]
    light = nits_of(y, cb, cr)
    assert light.mean() == pytest.approx(203 * (0.8915 if tags[1] == 6 or small else 0.9195), rel=0.02)


def test_what_is_hdr_already_is_left_alone(clip, tmp_path, capsys):
    done = convert(clip, tmp_path / "hdr.mp4", fast())
    assert done.left_alone is None
    again = convert(tmp_path / "hdr.mp4", tmp_path / "again.mp4", fast())
    assert again.left_alone == "it is HDR already (PQ)"
    assert not (tmp_path / "again.mp4").exists()
    convert(clip, tmp_path / "hlg.mp4", fast(transfer="hlg"))
    assert convert(tmp_path / "hlg.mp4", tmp_path / "again.mp4", fast()).left_alone == "it is HDR already (HLG)"


def test_broken_films_are_one_line_and_leave_nothing(clip, tmp_path):
    target = tmp_path / "out.mp4"
    nonsense = tmp_path / "nonsense.mp4"
    nonsense.write_bytes(b"no film at all" * 100)
    with pytest.raises(UntoneError, match=r"cannot read it as a film: Invalid data[^\[]*$"):
        convert(nonsense, target, fast())
    mkv = write_clip(tmp_path / "long.mkv", [scene(i, noise=0.1) for i in range(72)])
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(mkv.read_bytes()[: mkv.stat().st_size // 2])
    with pytest.raises(DamagedError, match="truncated"):
        convert(cut, target, fast())
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as container:
        add_tone(container)()
    with pytest.raises(UnsupportedError, match="no moving picture"):
        convert(sound, target, fast())
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "clip.mp4",
        "cut.mkv",
        "long.mkv",
        "nonsense.mp4",
        "sound.mp4",
    ]


def test_a_stretch_begins_at_zero_with_its_sound(tmp_path):
    fills = []

    def dress(container, _):
        fills.append(add_tone(container, seconds=3.0))

    clip = write_clip(tmp_path / "clip.mp4", [scene(i) for i in range(72)], dress=dress, after=lambda _: fills[0]())
    target = tmp_path / "out.mp4"
    done = convert(clip, target, fast(start=1.0, end=2.0))
    assert done.frames == 24
    frames = decoded(target)
    assert [at for at, *_ in frames][:2] == [0, Fraction(1, 24)]
    sound = packets_of(target)[1]
    assert sound[0][0] == pytest.approx(0, abs=0.03)
    assert sound[-1][0] == pytest.approx(1, abs=0.03)
    with pytest.raises(UntoneError, match="no frame"):
        convert(clip, target, fast(start=50.0))


def test_a_film_that_ends_before_the_stretch_does_not_stop_those_behind_it(clip, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, "long.mp4")
    write_clip(tmp_path / "brief.mp4", [scene(0)] * 3)
    assert cli.main(["brief.mp4", "long.mp4", "--from", "0.25", "--to", "0.4", "--preset", "12"]) == 1
    assert "untone: brief.mp4: there is no frame after 0.25 seconds" in capsys.readouterr().err
    assert [path.name for path in tmp_path.glob("*.hdr.mp4")] == ["long.hdr.mp4"]


def test_interlaced_films_are_deinterlaced_with_their_timestamps(tmp_path):
    """Fields of two moments: combed where nothing is done, even where a field is filled in."""
    pictures = []
    for k in range(8):
        first, second = (
            np.tile(((np.arange(WIDTH) + 12 * t) % 40 < 20)[None, :, None] * 0.8, (96, 1, 3))
            for t in (2 * k, 2 * k + 1)
        )
        woven = first.copy()
        woven[1::2] = second[1::2]
        pictures.append(woven)
    options = {"crf": "4", "x264-params": "tff=1"}
    clip = write_clip(tmp_path / "interlaced.mp4", pictures, options=options, pix_fmt="yuv420p")
    target = tmp_path / "out.mkv"
    done = convert(clip, target, fast("ffv1", strength=0.0))
    assert done.notes == ("its interlaced frames are deinterlaced (bwdif)",)
    frames = decoded(target)
    assert [round(float(at) * 24) for at, *_ in frames] == list(range(8))
    combed = [np.abs(np.diff(y[20:-20].astype(int), axis=0)).mean() for _, y, _, _ in frames[1:-1]]
    assert max(combed) < 0.4 * np.abs(np.diff(pictures[2][20:-20, :, 0], axis=0)).mean() * 500


@pytest.mark.parametrize(("codec", "suffix"), [("ffv1", ".mkv"), ("av1", ".mp4"), ("prores", ".mov")])
def test_films_of_odd_sizes_are_converted(tmp_path, codec, suffix):
    picture = scene(0)[:77, :131]
    clip = write_clip(tmp_path / "odd.mkv", [picture] * 3, codec="ffv1", pix_fmt="yuv444p", options={})
    convert(clip, tmp_path / f"out{suffix}", fast(codec))
    assert decoded(tmp_path / f"out{suffix}")[0][1].shape == (77, 131)
    with pytest.raises(UntoneError, match="takes no film of 131 x 77; --codec av1 does"):
        convert(clip, tmp_path / "out.mp4", fast("hevc"))


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_the_codec_that_takes_a_tiny_film_is_named(tmp_path, codec):
    clip = write_clip(tmp_path / "tiny.mkv", [scene(0)[:2, :2]] * 3, codec="ffv1", pix_fmt="yuv420p", options={})
    with pytest.raises(UntoneError, match="takes no film of 2 x 2; --codec prores does"):
        convert(clip, tmp_path / "out.mp4", fast(codec))
    convert(clip, tmp_path / "out.mov", fast("prores"))
    assert decoded(tmp_path / "out.mov")[0][1].shape == (2, 2)


def test_a_photo_is_no_film(tmp_path):
    """FFmpeg takes one for a film of a frame, also one that ends early."""
    Pillow.fromarray((scene(0) * 255).astype(np.uint8)).save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.mp4").write_bytes(data[: len(data) // 2])
    for name in ("a.jpg", "a.mp4"):
        with pytest.raises(UntoneError, match=r"it is a photo \(JPEG\), not a film"):
            Source(tmp_path / name)


def test_kinds_of_files_are_named_once(clip, tmp_path, capsys):
    assert cli.main([str(clip), "-o", str(tmp_path / "x.avi")]) == 2
    assert "must end in one of .mp4, .mkv, or" in capsys.readouterr().err


def test_an_interrupt_leaves_nothing(clip, tmp_path, monkeypatch):
    calls = []

    def interrupt(done, expected):
        calls.append(done)
        if len(calls) > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(clip, tmp_path / "out.mp4", fast(), interrupt)
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_the_command_converts_films_beside_photos(clip, tmp_path, monkeypatch, capsys):
    from PIL import Image

    Image.fromarray((scene(0) * 255).astype(np.uint8)).save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    assert cli.main([".", "--preset", "12", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["output"] for line in lines} == {"clip.hdr.mp4", "photo.hdr.jpg"}
    film = next(line for line in lines if line["output"] == "clip.hdr.mp4")
    assert film["frames"] == 12
    assert film["scenes"] == 1
    assert film["max_cll_nits"] > film["max_fall_nits"] > 0
    assert cli.main(["clip.mp4"]) == 0
    assert "skipped" in capsys.readouterr().err
    assert cli.main(["photo.jpg", "--crf", "20"]) == 2
    assert "--crf: for films" in capsys.readouterr().err
    assert cli.main(["clip.mp4", "-o", "-"]) == 2
    assert cli.main(["clip.mp4", "-o", "x.jpg"]) == 2
    assert cli.main(["clip.mp4", "--codec", "prores", "-o", "x.mp4"]) == 2
    assert cli.main(["clip.mp4", "--preset", "quick", "--force"]) == 2
    assert cli.main(["clip.mp4", "--from", "2", "--to", "1", "--force"]) == 2


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_and_leaves_nothing(tmp_path, sent):
    clip = write_clip(tmp_path / "clip.mp4", [scene(i % 40, noise=0.05) for i in range(240)])
    process = subprocess.Popen(
        [sys.executable, "-m", "untone", str(clip), "--preset", "2"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a suite in the background ignores it
    )  # fmt: skip
    try:
        while not list(tmp_path.glob(".untone-*")) and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(sent)
        _, said = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 130
    assert said == b"untone: interrupted\n"
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_disk_that_refuses_is_one_line(clip, tmp_path, monkeypatch):
    from untone.apps.video.output import film

    monkeypatch.setattr(film.Output, "_mux", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        convert(clip, tmp_path / "out.mp4", fast())
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_without_the_extra_one_line_says_what_to_install(clip, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "av", None)
    assert cli.main([str(clip)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert films.MISSING_EXTRA in said


def test_films_are_known_by_suffix_or_first_bytes(clip, tmp_path):
    bare = tmp_path / "clip"
    bare.write_bytes(clip.read_bytes())
    assert films.is_film(bare)
    assert films.is_film(tmp_path / "missing.MKV")
    photo = tmp_path / "photo"
    photo.write_bytes(b"\xff\xd8\xff")
    assert not films.is_film(photo)
    assert not films.is_film(tmp_path / "photo.jpg")
