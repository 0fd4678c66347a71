"""The customer's SAP: IDoc-XML in over HTTP, and a status look-up by our number."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from flask import Blueprint, Response, request

from sandbox.config import SandboxConfig
from sandbox.faults import Faults
from sandbox.idoc import LARGEST, IdocError, Invoic, read_invoic
from sandbox.oauth import basic, same
from sandbox.receipts import DoubleError, Receipt, Receipts
from sandbox.replies import XML, json_reply, sap_error, xml_reply
from sandbox.troubled import troubled


@dataclass
class SapEndpoint:
    """POST /sap/bc/idoc_xml and GET /sap/bc/proforma_status."""

    config: SandboxConfig
    receipts: Receipts
    faults: Faults
    stopping: threading.Event

    def receive(self) -> Response:
        fault = self.faults.strike("sap")
        response = troubled(fault, self._receive, _silence)
        if fault.timeout_after_store:
            self.stopping.wait(fault.hold_seconds)
        return response

    def _receive(self) -> Response:
        if refused := self._refused():
            return refused
        client = request.args.get("sap-client", "")
        if not re.fullmatch(r"\d{3}", client) or (self.config.sap_client and client != self.config.sap_client):
            return sap_error("client", "The query needs sap-client=NNN with a client of this system.", 400)
        if (request.content_length or 0) > LARGEST:
            return sap_error("too_large", f"At most {LARGEST} bytes are taken.", 413)
        data = request.get_data()
        try:
            invoic = read_invoic(data, client, self.config.sum_ids)
        except IdocError as error:
            return sap_error("not_an_idoc", str(error), 400)
        if invoic.findings:
            return sap_error("not_accepted", "; ".join(invoic.findings), 422, NUMBER=invoic.number)
        return self._keep(invoic, data)

    def _keep(self, invoic: Invoic, data: bytes) -> Response:
        try:
            receipt = self.receipts.add(invoic, data, self.config.acknowledge_after)
        except DoubleError as double:
            first = double.first
            more = {"NUMBER": first.number, "DOCNUM": first.docnum, "SHA256": first.sha256}
            return sap_error("double", f"Refused: {double}.", 409, RECEIVED_AT=first.received_at, **more)
        fields = {"STATUS": "received", "DOCNUM": receipt.docnum, "NUMBER": receipt.number, "SHA256": receipt.sha256}
        return xml_reply("IDOC_INBOUND", fields, 200)

    def look_up(self) -> Response:
        return troubled(self.faults.strike("sap_status"), self._look_up, lambda: json_reply({}))

    def _look_up(self) -> Response:
        if refused := self._refused():
            return refused
        number = request.args.get("number", "")
        if not number:
            return json_reply({"error": "The query needs number=..."}, 400)
        return json_reply(status(number, self.receipts.by_number(number)))

    def _refused(self) -> Response | None:
        username, password = basic(request.headers.get("Authorization", ""))
        secrets = self.config.secrets
        if same(username, secrets.sap_username) and same(password, secrets.sap_password):
            return None
        response = sap_error("logon", "User name or password is wrong.", 401)
        response.headers["WWW-Authenticate"] = 'Basic realm="SAP NetWeaver Application Server"'
        return response


def status(number: str, receipt: Receipt | None) -> dict[str, object]:
    """The look-up's answer; every key is always there, empty where nothing is known."""
    return {
        "number": number,
        "found": receipt is not None,
        "received_at": receipt.received_at if receipt else "",
        "sha256": receipt.sha256 if receipt else "",
        "status": receipt.status if receipt else "",
        "text": receipt.text if receipt else "Nothing was received under this number.",
    }


def blueprint(endpoint: SapEndpoint) -> Blueprint:
    routes = Blueprint("sap", __name__)
    routes.add_url_rule("/sap/bc/idoc_xml", "idoc_xml", endpoint.receive, methods=["POST"])
    routes.add_url_rule("/sap/bc/proforma_status", "status", endpoint.look_up, methods=["GET"])
    return routes


def _silence() -> Response:
    return Response("", 200, content_type=XML)
