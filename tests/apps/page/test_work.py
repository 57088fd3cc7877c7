"""What is held and done at once is bounded."""

import asyncio
import dataclasses
import json
import sys
import threading

import pytest
from serving import awaited, write_folder

from untone import cli
from untone.apps.page.work import Cache, Queue


def test_a_cache_forgets_what_was_used_longest_ago():
    cache = Cache(10, len)
    for key in "abc":
        cache.put(key, key * 4)
        cache.get("a")
    assert [cache.get(key) for key in "abc"] == ["aaaa", None, "cccc"]
    cache.put("a", "a" * 100)
    assert [cache.get(key) for key in "abc"] == ["a" * 100, None, None]
    cache.put("a", "a")
    cache.put("d", "d" * 9)
    assert [cache.get(key) for key in "ad"] == ["a", "d" * 9]


def test_a_queue_serves_the_newest_first_and_few_at_a_time():
    done, most = [], 0

    async def scroll():
        queue, inside = Queue(2), 0

        async def look(number):
            nonlocal inside, most
            async with queue.place():
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.001)
                inside -= 1
                done.append(number)

        tasks = [asyncio.create_task(look(number)) for number in range(8)]
        await asyncio.sleep(0)
        tasks[5].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    awaited(scroll())
    assert most == 2
    assert sorted(done[:2]) == [0, 1]
    assert set(done[2:4]) == {7, 6}
    assert 5 not in done
    assert len(done) == 7


def test_a_turn_that_comes_too_late_is_passed_on():
    async def scroll():
        queue, done = Queue(1), []

        async def look(number):
            async with queue.place():
                done.append(number)

        async with queue.place():
            late = asyncio.create_task(look(1))
            await asyncio.sleep(0)
        late.cancel()  # the place is its own by now, but it has not run since
        await asyncio.gather(late, return_exceptions=True)
        await asyncio.wait_for(look(2), 60)
        return done

    assert awaited(scroll()) == [2]


def test_what_nobody_waits_for_any_longer_is_not_made(tmp_path, monkeypatch):
    """Photos that are scrolled by before their turn; what was begun is finished and held."""
    pytest.importorskip("starlette", reason="the extra page is not installed")
    from untone.apps.page import studio
    from untone.apps.page.library import Library

    made, held = [], threading.Event()

    def make(photo, _, at):
        held.wait(60)
        made.append(photo.number)
        return studio.Tile(b"", "predicted", {})

    monkeypatch.setattr(studio, "guarded", make)
    folder = write_folder(tmp_path / "photos", 6)

    async def scroll():
        works = studio.Studio(Library([str(folder)], False), "fastgamer")
        tasks = [asyncio.create_task(works.tile(number)) for number in (0, 1, 2, 3, 3)]
        while len(works._making) < 4:
            await asyncio.sleep(0)
        for task in tasks[:4]:  # somebody else still waits for 3
            task.cancel()
        await asyncio.sleep(0)
        held.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        for number in (0, 1, 5):
            await works.tile(number)

    awaited(scroll())
    assert sorted(made) == [0, 1, 3, 5]


def test_who_scrolls_back_at_once_is_served(tmp_path, monkeypatch):
    from untone.apps.page import studio
    from untone.apps.page.library import Library

    held = threading.Event()

    def make(photo, _, at):
        held.wait(60)
        return studio.Tile(str(photo.number).encode(), "predicted", {})

    monkeypatch.setattr(studio, "guarded", make)
    folder = write_folder(tmp_path / "photos", 4)

    async def scroll():
        works = studio.Studio(Library([str(folder)], False), "fastgamer")
        tasks = [asyncio.create_task(works.tile(number)) for number in range(4)]
        while sum(making.begun for making in works._making.values()) < studio.SIDE_BY_SIDE:
            await asyncio.sleep(0)
        (_, waiting, _), making = next(item for item in works._making.items() if not item[1].begun)
        tasks[waiting].cancel()
        while not making.task.cancelling():
            await asyncio.sleep(0)
        held.set()
        return waiting, await works.tile(waiting)

    number, tile = awaited(scroll())
    assert tile.plain == str(number).encode()


@pytest.mark.parametrize("name", ["starlette", "uvicorn"])
def test_without_the_extra_the_command_says_what_to_install(name, tmp_path, monkeypatch, capsys):
    for module in [m for m in sys.modules if m.startswith("untone.apps.page") or m.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    assert cli.main(["view", str(write_folder(tmp_path / "photos", 1)), "--no-open"]) == 1
    assert capsys.readouterr().err == f"untone: this command needs {name}: pip install 'untone[page]'\n"


def test_whatever_happens_in_one_photo_the_others_come(tmp_path, monkeypatch):
    pytest.importorskip("starlette", reason="the extra page is not installed")
    from untone.apps.choices import UNTOUCHED
    from untone.apps.page import server, studio
    from untone.apps.page.library import Library

    real = server.tiles.shown

    def fails_once(tile, wanted, look):
        if wanted.strength == 7:
            raise ZeroDivisionError("lamp\nlight")
        return real(tile, wanted, look)

    monkeypatch.setattr(server.tiles, "shown", fails_once)
    library = Library([str(write_folder(tmp_path / "photos", 2))], False)
    served = server.Server(library, studio.Studio(library, "fastgamer"), None, None)

    async def lines():
        asked = [(0, UNTOUCHED), (1, dataclasses.replace(UNTOUCHED, strength=7))]
        return [json.loads(line) async for line in served._tile_lines(asked, "bright")]

    made = {line["number"]: line for line in awaited(lines())}
    assert "picture" in made[0]
    assert made[1]["fault"].startswith("unexpected ZeroDivisionError: lamp")
    assert "\n" not in made[1]["fault"]
