"""The command's exit codes, and what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.rehearse_lib import __main__ as command
from scripts.rehearse_lib.errors import LostAnswerError, RehearsalError
from scripts.rehearse_lib.play import LOST
from scripts.rehearse_lib.report import Report

ROOT = Path(__file__).resolve().parents[2]


def test_without_terraform_it_says_what_to_install_and_leaves_nothing(tmp_path: Path) -> None:
    known = {"PATH": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(ROOT), f"{ROOT}/app"])}
    words = [sys.executable, "-m", "scripts.rehearse_lib", "small", "--no-images"]
    done = subprocess.run(words, env=known, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.startswith("terraform is not on PATH. Install ")
    assert list(tmp_path.iterdir()) == []


def test_an_environment_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["huge"])
    assert ended.value.code == 2
    assert "no such environment: huge" in capsys.readouterr().err


def test_after_a_failure_everything_is_left_to_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(names: object, place: Path, *, bakes: bool) -> tuple[str, str]:
        (place / "moto.log").write_text("why")
        raise RehearsalError("terraform apply failed.")

    monkeypatch.setattr(command, "rehearse", fails)
    monkeypatch.setattr("tempfile.mkdtemp", lambda prefix: str(tmp_path / prefix))
    assert command.main(["small", "--no-images"]) == 1
    (log,) = tmp_path.rglob("moto.log")
    assert f"terraform apply failed.\nIts copy of terraform/ and all logs are left in {log.parent}." in (
        capsys.readouterr().err
    )


def test_the_file_of_the_report_holds_every_resource(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report("small")
    report.resources({f"module.vpn.aws_route.behind[{n}]": float(n) for n in range(12)})

    def passes(names: object, place: Path, *, bakes: bool) -> tuple[str, str]:
        return report.text(), report.every()

    monkeypatch.setattr(command, "rehearse", passes)
    assert command.main(["small", "--no-images", "--report", str(tmp_path / "report.md")]) == 0
    rows = [line for line in (tmp_path / "report.md").read_text().splitlines() if line.startswith("| `module.vpn")]
    assert (len(rows), rows[0]) == (12, "| `module.vpn.aws_route.behind[11]` | 11 |")
    assert "behind[0]" not in capsys.readouterr().out


def test_an_answer_that_moto_lost_is_told_and_it_begins_anew_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places: list[str] = []

    def plays(name: str, place: Path, cloud: object, *, bakes: bool) -> Report:
        places.append(place.name)
        if len(places) < fails:
            raise LostAnswerError("CreateStage: 409")
        return Report(name)

    monkeypatch.setattr(command, "play", plays)
    fails = 2
    made = command._played("small", tmp_path, None, bakes=False)  # type: ignore[arg-type]
    assert (places, made.steps) == (["small", "small-anew"], [("begun anew", 0.0, "moto had lost an answer")])
    assert "moto has lost an answer" in capsys.readouterr().err
    fails = 99
    with pytest.raises(LostAnswerError):
        command._played("small", tmp_path, None, bakes=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("problem", "lost"),
    [
        (
            "creating Stage (v1): operation error API Gateway: CreateStage, https response error StatusCode: 409, x",
            True,
        ),
        (
            "creating VPC Security Group Rule: operation error EC2: AuthorizeSecurityGroupIngress, https response error"
            " StatusCode: 400, RequestID: x, api error InvalidPermission.Duplicate: The specified rule already exists",
            True,  # if the rule is in our code twice, it is there twice in the second attempt too, and that one ends it
        ),
        ("operation error KMS: CreateAlias, https response error StatusCode: 400, AlreadyExistsException", False),
        ("operation error S3: PutBucketPolicy, https response error StatusCode: 409, OperationAborted", False),
    ],
)
def test_only_a_thing_that_was_made_twice_counts_as_a_lost_answer(problem: str, lost: bool) -> None:
    assert bool(LOST.search(problem)) is lost
