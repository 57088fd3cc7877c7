"""What was chosen of photos, as a file that people and programs may edit."""

import dataclasses
import json
import threading

import pytest
from serving import photo, write_folder

from untone import UntoneError, cli, formats
from untone.apps import choices
from untone.apps.choices import Choice


def test_only_what_differs_is_written_and_it_is_read_again(tmp_path):
    wanted = {
        "b/sun.jpg": Choice(80, 1000, 250, choices.KEEP),
        "a.jpg": Choice(verdict=choices.REJECT),
        "c.jpg": Choice(),
    }
    choices.update(tmp_path, {name: dataclasses.asdict(kept) for name, kept in wanted.items()})
    path = tmp_path / choices.FILE_NAME
    assert json.loads(path.read_text()) == {
        "version": 1,
        "photos": {
            "a.jpg": {"verdict": "reject"},
            "b/sun.jpg": {"strength": 80, "peak": 1000, "white": 250, "verdict": "keep"},
        },
    }
    assert choices.load(path) == {name: kept for name, kept in wanted.items() if kept != Choice()}
    choices.update(tmp_path, {"a.jpg": {"verdict": None}})
    assert list(choices.load(path)) == ["b/sun.jpg"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[]", "no file of choices"),
        ('{"version": 2, "photos": {}}', "version"),
        ('{"version": 1, "photos": {"a.jpg": {"strength": 151}}}', "a.jpg: strength"),
        ('{"version": 1, "photos": {"a.jpg": {"strength": NaN}}}', "a.jpg: strength"),
        ('{"version": 1, "photos": {"a.jpg": {"strength": true}}}', "a.jpg: strength"),
        (f'{{"version": 1, "photos": {{"a.jpg": {{"strength": 1{"0" * 400}}}}}}}', "a.jpg: strength"),
        ('{"version": 1, "photos": {"a.jpg": {"peak": 100}}}', "a.jpg: peak"),
        ('{"version": 1, "photos": {"a.jpg": {"white": "203"}}}', "a.jpg: white"),
        ('{"version": 1, "photos": {"a.jpg": {"verdict": "maybe"}}}', "a.jpg: verdict"),
        ('{"version": 1, "photos": {"a.jpg": {"stronger": 1}}}', "a.jpg: a choice"),
        ('{"version": 1, "photos": {"a.jpg": 80}}', "a.jpg: a choice"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_damaged_file_is_one_line_that_names_file_and_fault(text, said, tmp_path, capsys):
    path = tmp_path / "chosen.json"
    path.write_text(text)
    with pytest.raises(UntoneError, match=said):
        choices.load(path)
    write_folder(tmp_path / "photos", 1)
    assert cli.main([str(tmp_path / "photos"), "--choices", str(path)]) == 1
    said_once = capsys.readouterr().err.splitlines()
    assert len(said_once) == 1
    assert str(path) in said_once[0]
    assert not list((tmp_path / "photos").glob("*.hdr.jpg"))


def test_photos_without_a_choice_take_the_options(tmp_path):
    folder = write_folder(tmp_path / "photos", 2)
    choices.update(folder, {"photo-0.jpg": {"strength": 50}})
    out = tmp_path / "out"
    out.mkdir()
    arguments = [str(folder), "-o", f"{out}/", "--strength", "20", "--choices", str(folder / choices.FILE_NAME)]
    assert cli.main(arguments) == 0
    highest = [max(formats.read(out / f"photo-{n}.hdr.jpg")[1].max_stops) for n in range(2)]
    for n, strength in ((0, "50"), (1, "20")):
        assert cli.main([str(folder / f"photo-{n}.jpg"), "-o", str(tmp_path / "one.jpg"), "--strength", strength]) == 0
        assert highest[n] == max(formats.read(tmp_path / "one.jpg")[1].max_stops)
        (tmp_path / "one.jpg").unlink()


def test_a_choice_is_of_the_folder_that_its_file_lies_in(tmp_path):
    folder = write_folder(tmp_path / "photos", 1)
    other = write_folder(tmp_path / "other", 1)
    choices.update(folder, {"photo-0.jpg": {"strength": 50}})
    find = choices.finder(folder / choices.FILE_NAME)
    assert find(folder / "photo-0.jpg") == Choice(50)
    assert find(other / "photo-0.jpg") is None
    formats.write(folder / "photo-1.jpg", photo())
    assert find(folder / "photo-1.jpg") is None


def test_what_others_put_into_the_file_meanwhile_stays(tmp_path):
    """Keys that did not change are as the file has them; and of many at once nobody's are lost."""
    choices.update(tmp_path, {"a.jpg": {"strength": 60}})
    assert choices.update(tmp_path, {"a.jpg": {"verdict": "keep"}}) == {"a.jpg": Choice(60, verdict="keep")}
    numbers = range(60)

    def choose(first):
        for number in numbers[first::3]:
            choices.update(tmp_path, {f"{number}.jpg": {"strength": number}})

    threads = [threading.Thread(target=choose, args=(first,)) for first in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(choices.load(tmp_path / choices.FILE_NAME)) == {"a.jpg", *(f"{number}.jpg" for number in numbers)}
