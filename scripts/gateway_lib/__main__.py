"""One function behind one path of a REST API, with TLS, until it is ended: `python -m scripts.gateway_lib --help`"""

from __future__ import annotations

import argparse
import os
import signal
import ssl
import tempfile
import zipfile
from pathlib import Path

from scripts.gateway_lib import door
from scripts.gateway_lib.runtime_api import function_running


def main() -> int:
    given = _parser().parse_args()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.load_cert_chain(given.certificate, given.key)
    address, _, port = given.listen.rpartition(":")
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: None)  # or pause() would not return
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "task"
        with zipfile.ZipFile(given.zip) as packed:
            packed.extractall(root)
        api = door.Api("lab", given.stage, given.path)
        with (
            function_running(root, given.handler, os.environ, Path(scratch) / "log") as function,
            door.serving(api, function, (address, int(port)), tls),
        ):
            signal.pause()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.gateway_lib", description=__doc__)
    parser.add_argument("--zip", type=Path, required=True, help="of ./scripts/lambdas build")
    parser.add_argument(
        "--handler", required=True, help="lambdas.intake.handler.handler; its variables: the environment"
    )
    parser.add_argument("--listen", required=True, metavar="ADDRESS:PORT")
    parser.add_argument("--certificate", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--path", required=True, help="for example /inbox/{kind}/{customer}")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
