"""The server: a socket of our own, and uvicorn on it until somebody ends it."""

import socket as sockets
from contextlib import suppress
from socket import AF_INET, AF_INET6, socket

import uvicorn

from feint.corpus.errors import ConfigError
from feint.models.detector import Detector
from feint.pipeline.config import ServeConfig
from feint.pipeline.service.app import application
from feint.pipeline.service.token import VARIABLE, local


def listening(host: str, port: int, token: str | None) -> socket:
    """The open socket; ConfigError where it cannot be had, or others could use it and no token is asked for."""
    if not local(host) and token is None:
        raise ConfigError(
            f"{host} can be reached from other machines; set {VARIABLE} or --token-file, or use --host 127.0.0.1"
        )
    family = AF_INET6 if ":" in host else AF_INET
    try:
        return sockets.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # Python adds what it attempted
        raise ConfigError(f"cannot listen on {host}:{port}: {reason}; name another with --port") from error


def run(detector: Detector, limits: ServeConfig, token: str | None, on: socket) -> None:
    """Serve until interrupted; what is being answered then is answered first."""
    app = application(detector, limits, token, loopback=local(on.getsockname()[0]))
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(limits.seconds) + 1,
    )
    with suppress(KeyboardInterrupt):  # which is how it is meant to end
        uvicorn.Server(config).run(sockets=[on])
