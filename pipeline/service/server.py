"""The server: a socket of our own, and the service on it until somebody ends it."""

from contextlib import suppress
from socket import socket

from feint.corpus.errors import ConfigError
from feint.models.detector import Detector
from feint.pipeline.config import ServeConfig
from feint.pipeline.listening import LOOPBACK, bound, local, server
from feint.pipeline.service.app import application
from feint.pipeline.service.token import VARIABLE


def listening(host: str, port: int, token: str | None) -> socket:
    """The open socket; ConfigError where it cannot be had, or others could use it and no token is asked for."""
    if not local(host) and token is None:
        raise ConfigError(
            f"{host} can be reached from other machines; set {VARIABLE} or --token-file, or use --host {LOOPBACK}"
        )
    try:
        return bound(host, port)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # Python adds what it attempted
        raise ConfigError(f"cannot listen on {host}:{port}: {reason}; name another with --port") from error


def run(detector: Detector, limits: ServeConfig, token: str | None, on: socket) -> None:
    """Serve until interrupted; what is being answered then is answered first."""
    app = application(detector, limits, token, loopback=local(on.getsockname()[0]))
    with suppress(KeyboardInterrupt):  # which is how it is meant to end
        server(app, server_header=False, timeout_graceful_shutdown=int(limits.seconds) + 1).run(sockets=[on])
