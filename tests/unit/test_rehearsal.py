"""What a rehearsal judges by: gaps that hide nothing else, figures that exist, roles that somebody has described."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.operations.ship.figures import figures
from scripts.rehearse_lib import gaps, rights
from scripts.rehearse_lib.assertions import PUBLISHED
from scripts.rehearse_lib.gaps import Gap

KNOWN = (Gap(r".*aws_kms_key\..*", "rotation_period_in_days", "moto knows rotation, not its period"),)
HOST = {
    "facts": {
        "disk": {"/": {"free_percent": 40}},
        "time": {"offset_seconds": -0.2},
        "backup": {"age_hours": 3},
        "days_left": {"portal.crt": 300},
        "work": {"work": {"fetch": {"overdue": 0, "stopped": 0}}, "months_late": []},
        "vpn": {"tunnels_wanted": 2, "tunnels_up": 1},
    }
}


def change(before: dict[str, Any], after: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "address": "module.security.aws_kms_key.data",
        "change": {"actions": ["update"], "before": before, "after": after, **other},
    }


def test_a_known_gap_is_passed_over() -> None:
    assert gaps.unexplained([change({"rotation_period_in_days": None}, {"rotation_period_in_days": 365})], KNOWN) == []


def test_another_attribute_of_the_same_resource_is_not() -> None:
    found = gaps.unexplained([change({"policy": "a"}, {"policy": "b"})], KNOWN)
    assert found == ["module.security.aws_kms_key.data: policy"]


def test_an_attribute_that_only_aws_will_know_counts_as_changed() -> None:
    assert gaps.unexplained([change({"arn": "a"}, {}, after_unknown={"arn": True})], KNOWN)


@pytest.mark.parametrize("actions", [["create"], ["delete"], ["delete", "create"]])
def test_what_is_made_or_removed_is_no_gap(actions: list[str]) -> None:
    one = change({"rotation_period_in_days": None}, {"rotation_period_in_days": 365})
    one["change"]["actions"] = actions
    assert gaps.unexplained([one], KNOWN) == ["module.security.aws_kms_key.data: (whole)"]


def test_alarms_may_wait_for_what_a_host_or_a_function_sends_and_for_nothing_else() -> None:
    of_functions = {"DocumentAlarm", "IntakeFailed", "VpnHeld"}
    assert PUBLISHED - {name for name, _, _ in figures(HOST)} == of_functions


def test_a_role_that_is_missing_or_unknown_is_told() -> None:
    small = {"portal", "worker", "vault", "intake", "schedule", "release", "vpn"}
    assert list(rights.missing(small, {"standby": ""})) == []
    assert list(rights.missing(small, {"standby": "b"})) == ["the role vpn-failover is missing"]
    assert list(rights.missing(small | {"new"}, {"standby": ""})) == ["of the role new nobody has said what it may"]
