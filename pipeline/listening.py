"""Listening: which addresses only this machine reaches, a socket on one, the web server on it."""

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uvicorn import Server

LOOPBACK = "127.0.0.1"
NAMES = (LOOPBACK, "localhost", "[::1]", "::1")
"""Names under which a server that only this machine reaches answers: a web page cannot reach it under one of its own."""


def local(host: str) -> bool:
    """Whether only this machine can reach the address.

    >>> local("127.0.0.1"), local("localhost"), local("::1"), local("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url(host: str, port: int) -> str:
    """Where a server on the address is.

    >>> url("127.0.0.1", 8372), url("::1", 8372)
    ('http://127.0.0.1:8372', 'http://[::1]:8372')
    """
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def bound(host: str, port: int, *, dualstack: bool = False) -> socket.socket:
    """An open socket on the address; port 0 takes any that is free. OSError where it cannot be had.

    With `dualstack`, one on every IPv6 address takes IPv4 too, where the system can.
    """
    six = ":" in host
    return socket.create_server(
        (host, port),
        family=socket.AF_INET6 if six else socket.AF_INET,
        backlog=512,
        dualstack_ipv6=dualstack and six and socket.has_dualstack_ipv6(),
    )


def server(app: Any, **options: Any) -> "Server":
    """Uvicorn for the ASGI application, which says nothing but warnings; `options` are those of `uvicorn.Config`."""
    import uvicorn

    return uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, **options))
