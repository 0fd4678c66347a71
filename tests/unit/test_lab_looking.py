"""How the lab reads what ./scripts/doctor writes, and what it makes of the one file for support."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

from scripts import doctor
from scripts.lab_lib.trials.looking import PARTS, Found, Looked, handed_over, read

FINDING = {
    "check": "database",
    "level": "error",
    "what": "It cannot be reached: Connection refused.",
    "cause": "The server is down.",
    "remedy": "Its log.",
    "where": "database:5432",
}
REPORTS: dict[str, dict[str, Any]] = {
    "portal": {"code": 2, "findings": [FINDING]},
    "worker": {"code": 0, "findings": []},
    "vpn-a": doctor.report(b""),
}
SECRETS = {"database_app": "s3cret-of-the-app"}
HIDDEN = "could not sign in with"


def packed(folder: str, parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in parts.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def file(**changes: str) -> tuple[bytes, Looked]:
    """What support gets of one host, with changes to its parts."""
    reports = {"portal": REPORTS["portal"]}
    parts = dict.fromkeys(PARTS, "") | {"report.json": json.dumps(REPORTS["portal"])}
    parts |= {"errors.txt": f"app: {HIDDEN} *** today"} | {f"{name}.txt": text for name, text in changes.items()}
    shown = doctor.shown(reports)
    return doctor.collected({"portal": packed("doctor-portal", parts)}, shown), Looked(2, shown, read(shown))


def test_what_people_see_is_read_host_by_host() -> None:
    found = read(doctor.shown(REPORTS))
    assert list(found) == ["portal", "worker", "vpn-a"]
    where = f"{FINDING['what']} ({FINDING['where']})"
    assert found["portal"] == [Found("ERROR", "database", where, FINDING["cause"], FINDING["remedy"])]
    assert found["worker"] == []
    assert [one.check for one in found["vpn-a"]] == ["reach"]


def test_a_whole_file_without_secrets_is_as_it_should_be() -> None:
    made, looked = file()
    assert list(handed_over(made, looked, SECRETS, HIDDEN)) == []


def test_a_secret_a_key_and_a_part_that_is_missing_are_told() -> None:
    cases = {
        "has the secret database_app": {"journal": "x s3cret-of-the-app x"},
        "has a private key": {"journal": "-----BEGIN EC PRIVATE " + "KEY-----"},
        "nothing was proven": {"errors": "nothing of that kind"},
    }
    for words, changes in cases.items():
        made, looked = file(**changes)
        (problem,) = handed_over(made, looked, SECRETS, HIDDEN)
        assert words in problem
    made, looked = file()
    other = Looked(2, looked.text + "more", {**looked.findings, "worker": []})
    problems = " ".join(handed_over(made, other, SECRETS, HIDDEN))
    assert "its summary is not what was shown" in problems
    assert "worker.tar.gz" in problems
