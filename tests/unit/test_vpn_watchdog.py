"""The watchdog: what it calls up, when it initiates, and what it writes. vici answers as charon 5.9.8 does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongswan.watchdog.__main__ import Watchdog, configured, main
from strongswan.watchdog.decide import FIRST_WAIT, LONGEST_WAIT, Tried, due, noted
from strongswan.watchdog.revoke import main as revoke
from strongswan.watchdog.revoke import of_identity, outcome, told
from strongswan.watchdog.state import Tunnel, Wanted, state

A = Wanted("site-example-a", "example-a", initiate=True)
THEIRS = Wanted("site-example-b", "example-b", initiate=False)
POOLS = {"staff": {"base": b"10.60.0.0", "size": b"254", "online": b"1", "offline": b"3"}}


def child(name: str, installed: bytes = b"INSTALLED") -> dict[str, Any]:
    return {
        "name": name.encode(),
        "state": installed,
        "bytes-in": b"1073",
        "packets-in": b"16",
        "bytes-out": b"1136",
        "packets-out": b"17",
        "rekey-time": b"2620",
        "life-time": b"5399",
    }


def ike(name: str, *children: dict[str, Any], said: bytes = b"ESTABLISHED") -> dict[str, Any]:
    values = {"state": said, "remote-host": b"198.51.100.10", "established": b"61", "rekey-time": b"14000"}
    values["remote-id"] = b"anna@provider.example"
    return {name: {**values, "child-sas": {f"{c['name'].decode()}-{n}": c for n, c in enumerate(children)}}}


def seen(*sas: dict[str, Any]) -> tuple[Tunnel, ...]:
    return state(0.0, (A, THEIRS), sas, POOLS).tunnels


def test_up_means_an_installed_child_and_not_an_established_ike_sa() -> None:
    assert [t.up for t in seen(ike("site-example-a", child("example-a")), ike("site-example-b"))] == [True, False]
    assert seen(ike("site-example-a", child("example-a", b"REKEYING")))[0].up is False


def test_bytes_of_a_tunnel_are_those_of_its_installed_children() -> None:
    (tunnel, _) = seen(ike("site-example-a", child("example-a"), child("example-a"), child("example-a", b"DELETED")))
    assert (tunnel.bytes_in, tunnel.packets_out, tunnel.child_rekey_in) == (2146, 34, 2620)


def test_staff_are_counted_and_not_named() -> None:
    whole = state(0.0, (A,), [ike("staff-pubkey", child("staff-pubkey")), ike("staff-eap-tls")], POOLS)
    assert (whole.staff_online, whole.pools[0].online) == (1, 1)
    assert "anna" not in json.dumps(whole.as_dict())


def test_a_tunnel_that_strongswan_gave_up_is_initiated() -> None:
    assert due((A, THEIRS), seen(), {}, 0.0) == [A]


def test_an_ike_sa_without_its_child_is_initiated() -> None:
    assert due((A,), seen(ike("site-example-a")), {}, 0.0) == [A]


def test_what_charon_is_working_on_is_left_alone() -> None:
    assert due((A,), seen(ike("site-example-a", said=b"CONNECTING")), {}, 0.0) == []
    assert due((A,), seen(ike("site-example-a", child("example-a", b"INSTALLING"))), {}, 0.0) == []
    assert due((A,), seen(ike("site-example-a", child("example-a"))), {}, 0.0) == []


def test_what_only_the_customer_initiates_is_left_to_them() -> None:
    assert due((THEIRS,), seen(), {}, 0.0) == []


def test_after_a_refusal_it_waits_longer_each_time() -> None:
    tried = noted(Tried(), 100.0, "establishing CHILD_SA failed")
    assert tried.next_at == 100.0 + FIRST_WAIT
    assert due((A,), seen(), {"example-a": tried}, 104.9) == []
    assert due((A,), seen(), {"example-a": tried}, 105.0) == [A]


def test_of_several_that_are_refused_each_gets_its_turn() -> None:
    wanted = tuple(Wanted(f"site-{name}", name, initiate=True) for name in ("x", "y", "z"))
    tunnels, tried, turns = state(0.0, wanted, [], {}).tunnels, dict[str, Tried](), list[str]()
    for now in range(0, 600, 5):
        for want in due(wanted, tunnels, tried, float(now))[:1]:
            turns.append(want.child)
            tried[want.child] = noted(tried.get(want.child, Tried()), float(now), "no")
    assert turns[:3] == ["x", "y", "z"]
    assert max(map(turns.count, "xyz")) - min(map(turns.count, "xyz")) <= 1


@given(st.integers(0, 60))
def test_the_wait_never_shrinks_and_never_passes_two_minutes(times: int) -> None:
    tried, waits = Tried(), []
    for _ in range(times):
        tried = noted(tried, 0.0, "no")
        waits.append(tried.next_at)
    assert waits == sorted(waits)
    assert all(wait <= LONGEST_WAIT for wait in waits)


def test_a_charon_that_does_not_answer_is_a_state_and_not_an_end(tmp_path: Path) -> None:
    watchdog = Watchdog(str(tmp_path / "nobody.vici"), tmp_path / "deep" / "state.json", (A,))
    assert watchdog.round().daemon_answers is False
    written = json.loads((tmp_path / "deep" / "state.json").read_text())
    assert (written["daemon_answers"], written["tunnels_up"], written["tunnels_wanted"]) == (False, 0, 1)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["state.json"]


def test_one_round_tells_by_its_exit_code_whether_all_is_well(tmp_path: Path) -> None:
    path = tmp_path / "watchdog.json"
    tunnels = [{"connection": "site-example-a", "child": "example-a", "initiate": True}]
    values = {"socket": str(tmp_path / "none"), "state_file": str(tmp_path / "state.json"), "tunnels": tunnels}
    path.write_text(json.dumps(values))
    assert configured(path).wanted == (A,)
    assert main([str(path), "--once"]) == 1


EVE = "eve@provider.example"


def staff(number: int, remote_id: str, eap_id: str = "", said: bytes = b"ESTABLISHED") -> dict[str, Any]:
    values = {"uniqueid": str(number).encode(), "state": said, "remote-id": remote_id.encode()}
    return {"staff-eap-tls": values | ({"remote-eap-id": eap_id.encode()} if eap_id else {})}


def test_a_revocation_ends_the_tunnels_of_that_identity_and_of_nobody_else() -> None:
    anna, other = "anna@provider.example", "joanna@provider.example"
    assert of_identity(anna, [staff(1, anna), staff(2, "10.0.0.1", anna), staff(3, other)]) == ["1", "2"]


@pytest.mark.parametrize(
    "subject",
    [
        "O=Provider, OU=Staff, CN=eve@provider.example",
        "CN=Eve@Provider.example",
        "C=DE, O=Provider, Inc., E=eve@provider.example",
    ],
)
def test_who_signed_in_with_the_certificates_subject_is_ended_too(subject: str) -> None:
    sas = [staff(1, subject), staff(2, "10.0.0.1", subject), staff(3, "O=Provider, CN=steve@provider.example")]
    assert of_identity(EVE, sas) == ["1", "2"]


def test_that_nothing_was_ended_is_told_in_words_of_its_own() -> None:
    ended = told(EVE, outcome(2, EVE, [staff(1, EVE), staff(2, "anna@provider.example")]))
    assert ended == f"2 revocation lists read; 1 live tunnels of {EVE} ended.\n1 other staff sessions go on."
    nobody = told(EVE, outcome(2, EVE, [ike("site-example-a"), staff(2, "%any", said=b"CONNECTING")]))
    assert "Nobody of staff is connected" in nobody
    assert "other staff sessions" not in nobody
    others = told(EVE, outcome(2, EVE, [staff(1, "evee@provider.example"), staff(2, "anna@provider.example")]))
    assert f"No session is {EVE}'s. 2 other staff sessions go on" in others


def test_a_session_that_names_no_person_is_shown_with_what_ends_it() -> None:
    said = told(EVE, outcome(1, EVE, [staff(7, "9f:3a:00"), staff(8, "10.0.0.1", "anna@provider.example")]))
    assert "as 9f:3a:00" in said
    assert "--ike-id 7" in said
    assert "--ike-id 8" not in said


def test_a_revocation_that_does_not_reach_charon_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert revoke(["anna@provider.example", "--socket", str(tmp_path / "none"), "--lists", str(tmp_path)]) == 69
    assert "did not reach charon" in capsys.readouterr().err
