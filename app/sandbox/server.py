"""The sandbox as one server: in this process (tests), or behind `python -m sandbox serve`."""

from __future__ import annotations

import threading
from types import TracebackType

from flask import Flask, Response
from waitress import wasyncore
from waitress.server import create_server

from sandbox import batch, control, sap, servicenow
from sandbox.acknowledger import Acknowledger
from sandbox.config import SandboxConfig
from sandbox.faults import Faults
from sandbox.idoc import LARGEST
from sandbox.loading import Stock, load
from sandbox.receipts import Receipts
from sandbox.tls import TlsDoor

THREADS = 16
POLL_SECONDS = 0.1
MARK = "X-Proforma-Sandbox"


class SandboxServer:
    """A running sandbox. `start` returns once it answers; `stop` leaves no thread behind.

    The stock may be given instead of being loaded as the config says.
    """

    def __init__(self, config: SandboxConfig, stock: Stock | None = None) -> None:
        self.config = config
        self.stock = stock or load(config)
        self.faults = Faults()
        self.receipts = Receipts(config.state / "received")
        self.acknowledger = Acknowledger(config, self.receipts, self.faults)
        self._stopping = threading.Event()
        self.app = self._app()
        self._server = create_server(
            self.app,
            host=config.host if config.tls_key is None else "127.0.0.1",
            port=config.port if config.tls_key is None else 0,
            threads=THREADS,
            ident="sandbox",
            max_request_body_size=LARGEST + 1,
            clear_untrusted_proxy_headers=True,
        )
        self._door = self._tls_door()
        self._loop = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def _app(self) -> Flask:
        app = Flask("sandbox", static_folder=None)
        app.register_blueprint(servicenow.blueprint(servicenow.TableApi(self.config, self.stock, self.faults)))
        app.register_blueprint(batch.blueprint())
        app.register_blueprint(sap.blueprint(sap.SapEndpoint(self.config, self.receipts, self.faults, self._stopping)))
        page = control.Control(self.config, self.stock, self.receipts, self.faults, self.acknowledger)
        app.register_blueprint(control.blueprint(page))
        app.after_request(_marked)
        return app

    def _tls_door(self) -> TlsDoor | None:
        config = self.config
        if config.tls_certificate is None or config.tls_key is None:
            return None
        target = ("127.0.0.1", int(self._server.effective_port))
        return TlsDoor(config.host, config.port, target, config.tls_certificate, config.tls_key)

    @property
    def port(self) -> int:
        return self._door.port if self._door else int(self._server.effective_port)

    @property
    def url(self) -> str:
        scheme = "https" if self._door else "http"
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        return f"{scheme}://{host}:{self.port}"

    def start(self) -> SandboxServer:
        self._loop.start()
        if self._door:
            self._door.start()
        self.acknowledger.start()
        return self

    def stop(self) -> None:
        """End: answers under way get a moment, pending acknowledgements stay on disk for the next start."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if self._door:
            self._door.stop()
        self._loop.join(timeout=10)
        self.acknowledger.stop()

    def _run(self) -> None:
        """waitress's own loop has no way out from another thread, so it is turned here."""
        channels = self._server._map
        while not self._stopping.is_set():
            wasyncore.loop(timeout=POLL_SECONDS, map=channels, count=1, use_poll=True)
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
        wasyncore.close_all(channels)

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _marked(response: Response) -> Response:
    """Whoever talks to a sandbox can see that it is one."""
    response.headers[MARK] = "1"
    return response
