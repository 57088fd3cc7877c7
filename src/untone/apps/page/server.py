"""The page's server: what may be asked, and the answers. All of it goes through the guard.

GET  /                         the page
GET  /static/NAME              one of static_files.NAMES
GET  /state                    photos, choices, what to know about this server
GET  /photos/N                 what codes of the photo mean, and figures of a choice: strength peak white
GET  /photos/N/view            codes of a part of it: left top right bottom width height
GET  /photos/N/pixel           light and gain of one pixel: x y
GET  /photos/N/file            a file of it, as it is chosen: kind=screen|jpeg|avif|web
                               each of these four takes at=SECONDS where it is a film
POST /tiles                    {"photos": [[N, choice]], "look": bright|dim|dim-before}: a line of JSON each, when made
PUT  /choices                  {"changes": {"N": the keys of its choice that change}}
POST /uploads                  a photo as it is, ?name=
POST /exports                  {"photos": [N], "kind": "jpeg", "existing": null|"skip"|"replace"}
GET, DELETE /exports/N         how far it is; stop it
"""

from __future__ import annotations

import asyncio
import functools
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ... import __version__
from ...errors import LimitError, UntoneError
from ..choices import FILE_NAME, UNTOUCHED, Choice, choice
from . import renditions, tiles
from .exporting import REPLACE, SKIP, Exports, there_already
from .films import moment_of
from .library import Library, Photo, fault_in_words
from .scale import SCALE
from .static_files import NAMES, TYPES, static
from .studio import SUFFIXES, Studio
from .uploads import MOST_BYTES, Uploads

MOST_JSON_BYTES = 4 << 20
MOST_TILES = 64
MOST_DIGITS = 9

Handler = Callable[[Request], Awaitable[Response]]


class Answer(JSONResponse):
    """JSON of ASCII alone: a file's name may hold what is no UTF-8."""

    def render(self, content: Any) -> bytes:
        """The text."""
        return json.dumps(content, allow_nan=False).encode()


class Server:
    """Handlers over one library."""

    def __init__(self, library: Library, studio: Studio, exports: Exports, uploads: Uploads) -> None:
        self._library, self._studio, self._exports, self._uploads = library, studio, exports, uploads

    def app(self) -> Starlette:
        """The routes, each with faults as one line of JSON."""
        routes: list[tuple[str, Handler, str]] = [
            ("/", self._page, "GET"),
            ("/static/{name}", self._static, "GET"),
            ("/state", self._state, "GET"),
            ("/photos/{number}", self._photo, "GET"),
            ("/photos/{number}/view", self._view, "GET"),
            ("/photos/{number}/pixel", self._pixel, "GET"),
            ("/photos/{number}/file", self._file, "GET"),
            ("/tiles", self._tiles, "POST"),
            ("/choices", self._choose, "PUT"),
            ("/uploads", self._upload, "POST"),
            ("/exports", self._export, "POST"),
            ("/exports/{number}", self._progress, "GET"),
            ("/exports/{number}", self._stop, "DELETE"),
        ]
        app = Starlette(routes=[Route(path, _faults_as_json(do), methods=[verb]) for path, do, verb in routes])
        app.router.redirect_slashes = False
        return app

    async def _page(self, request: Request) -> Response:
        return Response(static("index.html"), media_type="text/html")

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in NAMES:
            return Answer({"fault": "there is no such file"}, 404)
        return Response(static(name), media_type=TYPES[Path(name).suffix], headers={"cache-control": "no-cache"})

    async def _state(self, request: Request) -> Response:
        there = await run_in_threadpool(self._library.look_again)
        chosen = ((p.number, self._library.choice(p.number)) for p in there)
        return Answer(
            {
                "version": __version__,
                "photos": await run_in_threadpool(lambda: [_known(photo) for photo in there]),
                "choices": {number: kept.as_dict() for number, kept in chosen if kept != UNTOUCHED},
                "choices_file": FILE_NAME,
                "faults": list(self._library.faults.values()),
                "scale": [[nits, list(rgb)] for nits, rgb in SCALE],
                "kinds": list(SUFFIXES),
                "most_upload_bytes": MOST_BYTES,
            }
        )

    async def _photo(self, request: Request) -> Response:
        number = _number(request)
        found = await self._studio.pair(number, _at(request))
        known = await run_in_threadpool(renditions.figures, found, _wanted(request))
        return Answer({"name": self._library.photo(number).name, **renditions.meaning(found), **known})

    async def _view(self, request: Request) -> Response:
        found = await self._studio.pair(_number(request), _at(request))
        left, top, right, bottom, width, height = _numbers(request, "left", "top", "right", "bottom", "width", "height")
        make = functools.partial(renditions.view, found, (left, top, right, bottom), (int(width), int(height)))
        return Response(await run_in_threadpool(make), media_type="application/octet-stream")

    async def _pixel(self, request: Request) -> Response:
        found = await self._studio.pair(_number(request), _at(request))
        x, y = _numbers(request, "x", "y")
        return Answer(renditions.pixel(found, int(x), int(y)))

    async def _tiles(self, request: Request) -> Response:
        body = await _json(request)
        asked, look = body.get("photos"), body.get("look", tiles.BRIGHT)
        if not (isinstance(asked, list) and len(asked) <= MOST_TILES and all(map(_is_numbered, asked))):
            raise UntoneError(f"photos must be a list of up to {MOST_TILES} pairs of number and choice")
        if look not in tiles.LOOKS:
            raise UntoneError(f"a tile looks {', '.join(tiles.LOOKS)}, not {look!r}")
        wanted = [(number, choice(kept)) for number, kept in asked]
        return StreamingResponse(self._tile_lines(wanted, look), media_type="application/x-ndjson")

    async def _tile_lines(self, wanted: Sequence[tuple[int, Choice]], look: str) -> AsyncIterator[str]:
        """One request for many: each of its own costs the browser more than the picture does."""
        newest_first = [asyncio.create_task(self._tile(number, kept, look)) for number, kept in reversed(wanted)]
        try:
            for made in asyncio.as_completed(newest_first):
                yield json.dumps(await made) + "\n"
        finally:
            for task in newest_first:
                task.cancel()

    async def _tile(self, number: int, wanted: Choice, look: str) -> dict[str, Any]:
        try:
            tile = await self._studio.tile(number)
            return {"number": number, **await run_in_threadpool(tiles.shown, tile, wanted, look)}
        except Exception as error:  # of one photo; the others come all the same
            return {"number": number, "fault": fault_in_words(error)}

    async def _file(self, request: Request) -> Response:
        number, kind = _number(request), request.query_params.get("kind", "screen")
        if kind != "screen" and kind not in SUFFIXES:
            raise UntoneError(f"a file is of kind screen, {', '.join(SUFFIXES)}, not {kind!r}")
        found, wanted = await self._studio.pair(number, _at(request)), _wanted(request)
        if kind == "screen":
            return Response(await run_in_threadpool(self._studio.screen_file, found, wanted), media_type="image/jpeg")
        data = await run_in_threadpool(self._studio.file, found, wanted, kind)
        moment = "" if found.moment is None else f".{found.moment.at:.2f}s"
        name = quote(Path(self._library.photo(number).name).stem + moment + SUFFIXES[kind], errors="replace")
        headers = {"content-disposition": f"attachment; filename*=utf-8''{name}"}
        return Response(data, media_type="image/avif" if kind == "avif" else "image/jpeg", headers=headers)

    async def _choose(self, request: Request) -> Response:
        changes = (await _json(request)).get("changes")
        if not isinstance(changes, dict) or not all(isinstance(given, dict) for given in changes.values()):
            raise UntoneError("changes must be an object of choices by number of photo")
        wanted = {_whole(key): given for key, given in changes.items()}
        return Answer({"faults": await run_in_threadpool(self._library.choose, wanted)})

    async def _upload(self, request: Request) -> Response:
        self._uploads.check(request.headers.get("content-length"))
        photo = await self._uploads.take(request.query_params.get("name", "photo"), request.stream())
        return Answer(_known(photo), 201)

    async def _export(self, request: Request) -> Response:
        asked = await _json(request)
        numbers, kind, existing = asked.get("photos"), asked.get("kind"), asked.get("existing")
        if not isinstance(numbers, list) or not all(type(n) is int for n in numbers):
            numbers = []
        if not (numbers and kind in list(SUFFIXES) and existing in (None, SKIP, REPLACE)):
            raise UntoneError(f"an export has photos, a kind of {', '.join(SUFFIXES)}, and existing: skip or replace")
        numbers = list(dict.fromkeys(numbers))
        steps = await run_in_threadpool(self._exports.steps, numbers, kind)
        there = await run_in_threadpool(there_already, steps)
        if there and existing is None:
            return Answer({"exist": there}, 409)
        return Answer({"export": self._exports.start(steps, kind, existing or SKIP)}, 202)

    async def _progress(self, request: Request) -> Response:
        return Answer(self._exports.job(_number(request)).as_dict())

    async def _stop(self, request: Request) -> Response:
        job = self._exports.job(_number(request))
        job.stop = True
        return Answer(job.as_dict())


def _faults_as_json(do: Handler) -> Handler:
    @functools.wraps(do)
    async def answer(request: Request) -> Response:
        try:
            return await do(request)
        except LimitError as error:
            return Answer({"fault": str(error)}, 413)
        except UntoneError as error:
            return Answer({"fault": str(error)}, 422)
        except Exception as error:
            return Answer({"fault": fault_in_words(error)}, 500)

    return answer


def _known(photo: Photo) -> dict[str, Any]:
    return {"number": photo.number, "name": photo.name, "kept": photo.folder is not None, "stamp": photo.stamp}


def _number(request: Request) -> int:
    return _whole(request.path_params["number"])


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise UntoneError(f"the number of a photo or an export is needed, not {text[:40]!r}")
    return int(text)


def _is_numbered(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is int


def _numbers(request: Request, *names: str) -> list[float]:
    try:
        found = [float(request.query_params[name]) for name in names]
    except (KeyError, ValueError):
        found = [math.nan]
    if not all(map(math.isfinite, found)):
        raise UntoneError(f"the numbers {', '.join(names)} are needed")
    return found


def _at(request: Request) -> float | None:
    return moment_of(request.query_params.get("at"))


def _wanted(request: Request) -> Choice:
    names = ("strength", "peak", "white")
    try:
        return choice({name: float(request.query_params[name]) for name in names if name in request.query_params})
    except ValueError as error:
        raise UntoneError(f"{', '.join(names)} must be numbers") from error


async def _json(request: Request) -> dict[str, Any]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_JSON_BYTES:
            raise LimitError(f"more than {MOST_JSON_BYTES >> 20} MiB")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UntoneError("this is not JSON") from error
    if not isinstance(found, dict):
        raise UntoneError("this is no JSON object")
    return found
