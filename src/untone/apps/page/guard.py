"""Who may talk to the page: browsers of this machine that were given its address, from the page itself.

Another site's page can make a browser send requests to 127.0.0.1, and can give its own name that address (DNS
rebinding). The first says so by `Origin` and `Sec-Fetch-Site`, the second by `Host`; neither knows the token.
"""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
}


class Guard:
    """Lets requests through that are addressed to this machine, come from the page, and know the token.

    Args:
        app: what answers them, with the token taken off the path.
        token: the first part of every path.
        port: that the server listens on.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 403."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http" or self._refuses(scope):
            await PlainTextResponse("403: this page is for the browser that was given its address\n", 403)(
                {**scope, "type": "http"}, receive, send
            )
            return
        inner = dict(scope, path=scope["path"][len(self._token) + 1 :] or "/", root_path="")
        await self._app(inner, receive, _with_headers(send))

    def _refuses(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        first, slash = scope["path"].removeprefix("/").partition("/")[:2]
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        return not (
            len(hosts) == 1
            and hosts[0].lower() in self._hosts
            and all(origin.lower() == f"http://{hosts[0].lower()}" for origin in origins)
            and headers.get("sec-fetch-site", "none") in ("none", "same-origin")
            and bool(slash)
            and hmac.compare_digest(first.encode(), self._token.encode())
        )


def _with_headers(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return answer
