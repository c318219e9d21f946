"""Label Studio's protocol for models, as a web application."""

import base64
import binascii
import hmac
from threading import Event
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from feint.pipeline.assist.assistant import Assistant

LARGEST = 256_000_000
"""Most bytes of a request: Label Studio sends a page of tasks at once."""
HINTS = ("ANNOTATION", "ANNOTATIONS", "START_TRAINING", "TASKS")
"""How the events begin after which it is time to look at the annotations."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="ignore")

    tasks: list[dict[str, Any]]


def app(assistant: Assistant, hint: Event, *, token: str | None = None, hosts: tuple[str, ...] = ("*",)) -> Starlette:
    """`/health`, `/setup`, `/versions`, `/predict`, `/webhook`; nothing but `/predict` ever takes long.

    With a token, every request must carry it, as the password of HTTP's basic authentication, which is what Label
    Studio can send, or as a bearer's; only a webhook need not, which Label Studio sends without, and which is a hint. `hosts` are the names under which it may be asked, for a server on the loopback,
    which a web page could otherwise reach under a name of its own.
    """

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "UP", "model_class": "feint", "model_version": assistant.version})

    async def setup(_: Request) -> Response:
        # It brings an access token of the project's owner; nothing here wants one.
        return JSONResponse({"model_version": assistant.version})

    async def versions(_: Request) -> Response:
        return JSONResponse({"versions": [assistant.version]})

    async def predict(request: Request) -> Response:
        try:
            asked = _Asked.model_validate_json(await request.body())
        except ValidationError as error:
            first = error.errors()[0]
            return JSONResponse({"error": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}, 422)
        results = await run_in_threadpool(assistant.predict, asked.tasks)
        return JSONResponse({"results": results, "model_version": assistant.version})

    async def webhook(request: Request) -> Response:
        try:
            event = (await request.json()).get("action")
        except (ValueError, AttributeError):
            event = None
        if isinstance(event, str) and event.startswith(HINTS):
            hint.set()
        return JSONResponse({"status": "ok"})

    routes = [
        Route("/", health),
        Route("/health", health),
        Route("/setup", setup, methods=["POST"]),
        Route("/versions", versions, methods=["GET", "POST"]),
        Route("/predict", predict, methods=["POST"]),
        Route("/webhook", webhook, methods=["POST"]),
    ]
    guards = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)), Middleware(_Small)]
    if token:
        guards.append(Middleware(_Known, token=token))
    return Starlette(routes=routes, middleware=guards)


class _Small:
    """Refuses what is too large, or does not say how large it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            length = dict(scope["headers"]).get(b"content-length", b"")
            if not length.isdigit() or int(length) > LARGEST:
                status = 413 if length.isdigit() else 411
                return await JSONResponse({"error": f"expected at most {LARGEST} bytes"}, status)(scope, receive, send)
        return await self._app(scope, receive, send)


class _Known:
    """Refuses who does not have the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != "/webhook":
            given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
            if not hmac.compare_digest(_password(given), self._token):
                refused = JSONResponse(
                    {"error": "the token is missing or wrong"}, 401, {"WWW-Authenticate": 'Basic realm="feint"'}
                )
                return await refused(scope, receive, send)
        return await self._app(scope, receive, send)


def _password(authorization: str) -> bytes:
    kind, _, rest = authorization.partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).partition(b":")[2]
        except binascii.Error:
            return b""
    return rest.encode("latin-1") if kind.lower() == "bearer" else b""
