"""The service: /scan, /health and /metrics over one detector, which judges together what comes at the same time."""

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from time import perf_counter
from typing import Any, Literal

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from feint.corpus.errors import InputError
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript
from feint.models.batching import Batcher
from feint.models.detector import CHUNK, Detector
from feint.models.prediction import Prediction
from feint.pipeline.config import ServeConfig
from feint.pipeline.listening import NAMES
from feint.pipeline.service.bodies import FORMS, Form, transcripts
from feint.pipeline.service.meters import TEXT, Meters

LINES = "application/x-ndjson"
log = logging.getLogger(__name__)


class Health(BaseModel):
    """That it runs, and with what."""

    status: Literal["ok"]
    version: str
    encoder: str
    point: str
    threshold: float
    indicators: list[str]


class Problem(BaseModel):
    """What was found, what was expected, what to do."""

    detail: str


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body cannot be read at all."},
    401: {"model": Problem, "description": "No token, or not the right one."},
    413: {"model": Problem, "description": "Too many bytes or transcripts."},
    415: {"model": Problem, "description": "Neither JSON nor JSON lines."},
    503: {"model": Problem, "description": "Too many requests at once, or it took too long."},
}
_ROW = {"id": "a", "messages": [{"role": "assistant", "content": "<think>They rate this.</think>Of course."}]}
_BODY = {
    "required": True,
    "description": "Transcripts, one JSON object a line; or as JSON, one object or a list of them.",
    "content": {
        LINES: {"schema": {"type": "string", "pattern": "^[^\\u0000]*$"}, "example": json.dumps(_ROW) + "\n"},
        "application/json": {
            "schema": {"oneOf": [{"type": "object"}, {"type": "array", "items": {}}]}, "example": [_ROW],
        },
    },
}  # fmt: skip
_ANSWER = {
    "description": "One JSON object a transcript, in order, as `feint scan` writes them; one that cannot be judged has `error`.",
    "content": {LINES: {"schema": {"type": "string"}}},
}


def application(detector: Detector, limits: ServeConfig, token: str | None = None, *, loopback: bool = True) -> FastAPI:
    """The ASGI application; with a token, /scan and /metrics ask for it."""
    meters = Meters()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with Batcher(detector, meters.batches.observe) as batcher:
            meters.watch(batcher)
            app.state.batcher = batcher
            yield

    app = FastAPI(title="feint", version=version("feint"), lifespan=lifespan, docs_url=None, redoc_url=None)
    running = Running(limits, meters)
    if loopback:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=NAMES)

    def allowed(request: Request) -> None:
        said = request.headers.get("authorization", "")
        if token and not hmac.compare_digest(said.encode(), f"Bearer {token}".encode()):
            detail = "expected the header 'Authorization: Bearer TOKEN' with this service's token"
            raise HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})

    @app.post(
        "/scan", response_class=Response, responses={200: _ANSWER, **_PROBLEMS}, openapi_extra={"requestBody": _BODY}
    )
    async def scan(request: Request) -> Response:
        """Judge transcripts."""
        return await running.answer(request, allowed)

    @app.get("/health", responses={200: {"model": Health}})
    async def health() -> Health:
        """Say that it runs."""
        return Health(
            status="ok",
            version=app.version,
            encoder=detector.encoder.name,
            point=detector.point,
            threshold=detector.threshold,
            indicators=list(detector.indicators),
        )

    @app.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {TEXT: {"schema": {"type": "string"}}}}, 401: _PROBLEMS[401]},
    )
    async def metrics(request: Request) -> Response:
        """Counters, in Prometheus' text format."""
        allowed(request)
        return Response(meters.text(), media_type=TEXT)

    if token:
        _ask_for_it(app)
    return app


class Running:
    """Requests to /scan that are being answered, within the limits."""

    def __init__(self, limits: ServeConfig, meters: Meters) -> None:
        self._limits = limits
        self._meters = meters
        self._count = 0

    async def answer(self, request: Request, allowed: Callable[[Request], None]) -> Response:
        """The lines, or a problem in one sentence."""
        began = perf_counter()
        self._count += 1
        try:
            allowed(request)
            if self._count > self._limits.requests:
                raise _busy(f"{self._limits.requests} requests are being answered already; try again")
            async with asyncio.timeout(self._limits.seconds):
                response = await self._lines(request)
        except TimeoutError:
            said = f"it took longer than {self._limits.seconds:g} s; send fewer or shorter transcripts at once"
            response = _told(_busy(said))
        except HTTPException as problem:
            response = _told(problem)
        finally:
            self._count -= 1
        self._meters.requests.labels(str(response.status_code)).inc()
        self._meters.seconds.observe(perf_counter() - began)
        return response

    async def _lines(self, request: Request) -> Response:
        given = await asyncio.to_thread(self._given, await self._body(request), _form(request))
        predictions = await judged(request.app.state.batcher, given)
        for prediction in predictions:
            self._meters.judged(prediction)
        return Response("".join(_line(prediction) for prediction in predictions), media_type=LINES)

    async def _body(self, request: Request) -> bytes:
        most, body = self._limits.megabytes << 20, bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise HTTPException(
                    413, f"found more than {self._limits.megabytes} MiB, expected less; send it in parts"
                )
        return bytes(body)

    def _given(self, body: bytes, form: Form) -> Sequence[Transcript | Reject]:
        try:
            given = transcripts(body, form, self._limits.transcripts)
        except InputError as error:
            raise HTTPException(400, str(error)) from error
        if len(given) > self._limits.transcripts:
            raise HTTPException(413, f"found more than {self._limits.transcripts} transcripts; send them in parts")
        return given


async def judged(batcher: Batcher, given: Sequence[Transcript | Reject]) -> list[Prediction]:
    """A prediction each, in order; no more than a batch waits at a time, so that a small request gets through between."""
    gate = asyncio.Semaphore(CHUNK)

    async def one(item: Transcript | Reject) -> Prediction:
        async with gate:
            try:
                return await asyncio.wrap_future(batcher.judge(item))
            except Exception as error:
                log.exception("the detector failed")
                name = item.digest if isinstance(item, Transcript) else None
                return Prediction(item.id, name, error=f"the detector failed: {type(error).__name__}")

    return await asyncio.gather(*map(one, given))


def _form(request: Request) -> Form:
    said = request.headers.get("content-type", "")
    form = FORMS.get(said.partition(";")[0].strip().lower())
    if form is None:
        raise HTTPException(415, f"found Content-Type {said!r:.60}, expected one of {', '.join(FORMS)}")
    return form


def _line(prediction: Prediction) -> str:
    return json.dumps(prediction.as_json(), ensure_ascii=False) + "\n"


def _busy(said: str) -> HTTPException:
    return HTTPException(503, said, {"Retry-After": "1"})


def _told(problem: HTTPException) -> Response:
    return JSONResponse({"detail": problem.detail}, problem.status_code, problem.headers)


def _ask_for_it(app: FastAPI) -> None:
    """The token, in the OpenAPI document."""
    made: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        document.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path in ("/scan", "/metrics"):
            for operation in document["paths"][path].values():
                operation["security"] = [{"token": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
