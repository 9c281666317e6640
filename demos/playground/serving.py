"""The playground's web side: a page and four addresses, by bottle, on loopback."""

import json
from importlib.resources import files
from typing import Any

import bottle

from autograd.errors import AutogradError
from demos.playground.learning import ACTIVATIONS, DATA, OPTIMIZERS, Learning

LARGEST = 10_000  # bytes of a request


def application(learning: Learning) -> Any:
    """Return the web application around one network in training."""

    def train(body: dict[str, Any]) -> None:
        learning.train(body.get("steps", 1))

    app = bottle.Bottle()
    app.route("/", "GET", _page)
    app.route("/choices", "GET", lambda: {"data": [*DATA], "activation": [*ACTIVATIONS], "optimizer": [*OPTIMIZERS]})
    app.route("/state", "GET", learning.state)
    app.route("/start", "POST", lambda: _answer(learning, learning.reset))
    app.route("/train", "POST", lambda: _answer(learning, train))
    app.add_hook("before_request", _own_page)
    for status in (403, 404, 405):
        app.error(status)(_missing)
    return app


def _own_page() -> None:
    """Answer the playground's own page only: a page elsewhere may have its name resolved to this machine."""
    host = bottle.request.get_header("Host", "")
    if host.rpartition(":")[0] not in ("127.0.0.1", "localhost"):
        bottle.abort(403, f"Host {host!r}: the playground answers its own page only")


def _page() -> str:
    bottle.response.content_type = "text/html; charset=utf-8"
    return files(__package__).joinpath("page.html").read_text(encoding="utf-8")


def _missing(error: Any) -> str:
    bottle.response.content_type = "application/json"
    why = error.body if error.status_code == 403 else error.status_line
    return json.dumps({"error": f"{bottle.request.method} {bottle.request.path}: {why}"})


def _answer(learning: Learning, act: Any) -> Any:
    """Act on a request's body and return the new state; a bad request gets a 4xx and changes nothing."""
    length = bottle.request.get_header("Content-Length", "0")
    if not length.isdecimal():
        return _refuse(400, f"Content-Length: expected a number of bytes, got {length!r}")
    if int(length) > LARGEST:
        return _refuse(413, f"a request of more than {LARGEST} bytes")
    try:
        body = json.loads(bottle.request.body.read() or b"{}")
    except (ValueError, RecursionError) as exc:
        return _refuse(400, f"the body is not JSON: {exc}")
    if not isinstance(body, dict):
        return _refuse(400, "the body must be a JSON object")
    try:
        act(body)
    except AutogradError as exc:
        return _refuse(422, str(exc))
    return learning.state()


def _refuse(status: int, message: str) -> dict[str, str]:
    bottle.response.status = status
    return {"error": message}
