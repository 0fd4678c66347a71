"""A TLS door in front of the plain server: ServiceNow's own client, and many firewalls, speak to nothing but https."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path

PIECE = 65_536
HANDSHAKE_SECONDS = 10.0


class TlsDoor:
    """Accepts TLS on its own port and hands the bytes on to a server on loopback."""

    def __init__(self, host: str, port: int, target: tuple[str, int], certificate: Path, key: Path) -> None:
        self._target = target
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server((host, port))
        self._thread = threading.Thread(target=self._accept, name="tls-door", daemon=True)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # the listener was closed
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(HANDSHAKE_SECONDS)
        with contextlib.suppress(OSError), self._context.wrap_socket(client, server_side=True) as secure:
            secure.settimeout(None)
            with socket.create_connection(self._target) as plain:
                back = threading.Thread(target=_copy, args=(plain, secure), daemon=True)
                back.start()
                _copy(secure, plain)
                back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    """Until the source ends; then the sink is told so."""
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            sink.sendall(piece)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
