"""Answers over HTTP on every port given: "ADDRESS sees PEER". In a namespace: python listener.py 443 8443."""

from __future__ import annotations

import selectors
import socket
import sys


def answer(connection: socket.socket) -> None:
    connection.settimeout(5)
    try:
        connection.recv(4096)
        body = f"{connection.getsockname()[0]} sees {connection.getpeername()[0]}\n"
        connection.sendall(f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    except OSError:
        pass
    finally:
        connection.close()


def main(ports: list[int]) -> None:
    ready = selectors.DefaultSelector()
    for port in ports:
        listening = socket.create_server(("0.0.0.0", port))  # noqa: S104  inside a namespace of its own
        ready.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            connection, _ = key.fileobj.accept()  # type: ignore[union-attr]
            answer(connection)


if __name__ == "__main__":
    main([int(port) for port in sys.argv[1:]])
