"""The command `feint serve`."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from feint.corpus.errors import MissingExtra
from feint.pipeline.command import Settings, say
from feint.pipeline.config import load
from feint.pipeline.listening import url

NEEDED = ("fastapi", "uvicorn", "prometheus_client")


def serve(
    *,
    host: str | None = None,
    port: Annotated[int | None, Parameter(validator=Number(gte=0, lte=65535))] = None,
    detector: str | None = None,
    revision: str | None = None,
    point: str | None = None,
    token_file: Path | None = None,
    config: Settings = None,
) -> int:
    """Judge transcripts over HTTP.

    `POST /scan` takes JSON lines or JSON and answers with the lines of `feint scan`; `GET /health`, `GET /metrics` (Prometheus) and
    `GET /openapi.json` say how it is. A token that clients must send is taken from FEINT_TOKEN or from a file.

    Example: `feint serve --port 8372`

    Parameters
    ----------
    host
        Address to listen on; any but this machine's own needs a token.
    port
        Port to listen on; 0 for any that is free.
    detector
        A folder written by `feint train`, or a Hugging Face id; the bundled detector without it.
    revision
        Branch, tag or commit of a detector on the hub.
    point
        Operating point from which a transcript is flagged: specific or sensitive; the configured one without it.
    token_file
        A file with the token, which nobody else can read (mode 600).
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    settings = load(config)
    if not all(map(find_spec, NEEDED)):
        raise MissingExtra("serve", "feint serve")
    from feint.models.detector import Detector
    from feint.pipeline.service.server import listening, run
    from feint.pipeline.service.token import token

    asked = token(token_file)
    limits = settings.serve
    with listening(host or limits.host, limits.port if port is None else port, asked) as socket:
        precision = None if settings.scan.precision == "auto" else settings.scan.precision
        judge = Detector.load(detector, revision=revision, precision=precision, point=point or settings.scan.point)
        address, number = socket.getsockname()[:2]
        where = url(address, number)
        say(f"serving on {where} until Ctrl+C; try: curl {where}/health")
        run(judge, limits, asked, socket)
    return 0
