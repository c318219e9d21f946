"""Listening: a socket is had, or Python's error says why not."""

import socket

import pytest

from feint.pipeline.listening import LOOPBACK, bound


def test_a_port_is_had_once() -> None:
    with bound(LOOPBACK, 0) as one:
        port = one.getsockname()[1]
        with pytest.raises(OSError, match="Address already in use"):
            bound(LOOPBACK, port)
    with bound(LOOPBACK, port) as again:
        assert again.getsockname() == (LOOPBACK, port)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here that takes IPv4 too")
@pytest.mark.parametrize(("dualstack", "reached"), [(True, True), (False, False)])
def test_every_ipv6_address_takes_ipv4_where_that_is_asked_for(dualstack: bool, reached: bool) -> None:
    with bound("::", 0, dualstack=dualstack) as listening, socket.socket() as asking:
        assert (asking.connect_ex((LOOPBACK, listening.getsockname()[1])) == 0) is reached
