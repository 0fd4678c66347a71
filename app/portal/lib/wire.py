"""Connections that go only to checked addresses, and that remember whether anything can have been sent."""

from __future__ import annotations

import logging
import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from portal.lib import address_guard

logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # its DEBUG lines print whole queries

POOL_SIZE = 32
"""connections that are kept open for threads side by side"""


class Wire:
    """What one adapter's connections may do and what they did."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self.allow_loopback = allow_loopback
        self.opened = False
        """True once a connection stood (with TLS: after the handshake): from then on bytes may have arrived"""

    def connect(self, connection: HTTPConnection) -> socket.socket:
        """A socket to the first of the host's checked addresses that answers."""
        host = connection.host
        try:
            addresses = address_guard.resolve(host, connection.port, allow_loopback=self.allow_loopback)
        except (socket.gaierror, UnicodeError) as error:
            cause = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(host, connection, cause) from error
        failure: Exception = NewConnectionError(connection, "no address")
        for address in addresses:
            try:
                return _dial(address, connection)
            except TimeoutError as error:
                failure = ConnectTimeoutError(connection, "no answer in time")
                failure.__cause__ = error
            except OSError as error:
                failure = NewConnectionError(connection, error.strerror or type(error).__name__)
                failure.__cause__ = error
        raise failure


def _dial(address: str, connection: HTTPConnection) -> socket.socket:
    target = (address, connection.port)
    return create_connection(target, connection.timeout, socket_options=connection.socket_options)


def _pool_classes(wire: Wire) -> dict[str, type[HTTPConnectionPool]]:
    class PlainConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return wire.connect(self)

        def connect(self) -> None:
            super().connect()
            wire.opened = True

    class TlsConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return wire.connect(self)

        def connect(self) -> None:
            super().connect()
            wire.opened = True

    plain = type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": PlainConnection})
    tls = type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": TlsConnection})
    return {"http": plain, "https": tls}


class GuardedAdapter(HTTPAdapter):
    """A transport adapter for requests whose connections are made by a Wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__(pool_connections=4, pool_maxsize=POOL_SIZE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._wire)
