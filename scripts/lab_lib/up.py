"""`lab up`: from nothing to a running appliance that is cut off from the internet. Every step may be done again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from rich.console import Console

from scripts.host_lib import boot, hosts, network
from scripts.lab_lib import authorities, commands, files, houses, layers, machine, plays, release, settings
from scripts.lab_lib.errors import LabError
from scripts.lab_lib.places import Lab
from scripts.lab_lib.steps import Say, Steps
from scripts.lab_lib.topology import HOSTS, Host
from scripts.lab_lib.trials import office

AT_ONCE = 4
OUTSIDE = ("1.1.1.1/443", "9.9.9.9/53")


def up(lab: Lab, console: Console, *, keep_layers: bool = False) -> int:
    """Raises HostError; the hosts are kept to be looked at, and another `up` goes on."""
    steps = Steps(console, lab.record)
    for folder in (lab.state, lab.cache):
        lab.private(folder)
    lab.record.unlink(missing_ok=True)
    settings.secrets_of(lab)
    cached, made = release.cached(lab), list[str]()
    with ThreadPoolExecutor(2) as aside:
        built = aside.submit(release.ensure, lab)
        with steps.step("this machine") as say:
            machine.check(say)
        with steps.step("layers") as say:
            kinds = tuple(dict.fromkeys(host.layer for host in HOSTS))
            names = layers.newest(kinds) if keep_layers else layers.ensure(_both(say, made.append), kinds)
        with steps.step("hosts") as say:
            signed = aside.submit(authorities.make, lab)
            _boot(lab, names, say)
        with steps.step("certificates") as say:
            say(signed.result())
            _trust(lab)
        with steps.step("networks, customers, database, AWS") as say:
            _give(lab, say)
        version = _built(steps, built)
    _configure(lab, steps, version, baked=not keep_layers)
    with steps.step("cut off from the internet") as say:
        network.offline(lab.group)
        unreachable(lab, say)
    if unplayed := commands.unplayed(commands.BY_UP):
        raise LabError(f"`up` did not play {unplayed}.", where=commands.PAGE.name, remedy="Correct one of the two.")
    steps.write(from_caches=cached and not made)
    return 0


def _both(say: Say, also: Say) -> Say:
    def both(text: str) -> None:
        say(text)
        also(text)

    return both


def _boot(lab: Lab, names: dict[str, str], say: Say) -> None:
    def one(host: Host) -> None:
        hosts.up(lab.group.place(host.name), host.spec((names[host.layer],)))

    _each(HOSTS, one)
    _each(HOSTS, lambda host: boot.wait(lab.group.place(host.name)))
    say(f"{len(HOSTS)} run")


def _trust(lab: Lab) -> None:
    """Authorities and lists under the names that VPN hosts use."""
    settings.write_sites(lab)
    for folder, ending, kind in (("x509ca", "-ca.pem", "ca"), ("x509crl", ".pem", "crl")):
        into = lab.private(lab.state / "trust" / folder)
        for name in ("provider", "staff", "example-a"):
            (into / f"{name}{ending}").write_bytes((lab.certificates / f"{name}-{kind}.pem").read_bytes())
    (lab.state / "portal-ca.pem").write_bytes((lab.certificates / "provider-ca.pem").read_bytes())


def _give(lab: Lab, say: Say) -> None:
    def one(host: Host) -> None:
        made = houses.GIVEN_TO.get(host.name)
        given = made(lab) if made else houses.appliance(lab, host.name)
        files.give(lab.group.place(host.name), given)

    settings.house(lab)  # refused here, with file and line, before any host is touched
    _each(HOSTS, one)
    say("ready")


def _each(found: Iterable[Host], do: Callable[[Host], Any]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running: list[Future[Any]] = [pool.submit(do, host) for host in found]
    for one in running:
        one.result()


def _built(steps: Steps, built: Future[tuple[str, bool]]) -> str:
    with steps.step("signed release of the commit") as say:
        version, differs = built.result()
        say(
            f"{version}; the working tree differs from it: the portal is that of HEAD, the playbooks are those here"
            if differs
            else version
        )
    return version


def _configure(lab: Lab, steps: Steps, version: str, *, baked: bool) -> None:
    """`baked`: the layers hold all that the phases `bake` and `harden` would do again."""
    with steps.step("playbooks/appliance.yml") as say:
        skipped = ("--skip-tags", "bake,harden") if baked else ()
        plays.play(lab, "appliance", "-e", f"appliance_release={version}", *skipped, say=say)
    with steps.step("first administrator") as say:
        say(_administrator(lab))


def _administrator(lab: Lab) -> str:
    """By the portal's own command, as an installation begins; everybody else is made on its pages."""
    password = office.passwords(lab.state / "people.json")[office.ADMINISTRATOR]
    line = [*boot.entering(lab.group.place("portal")), "proforma-manage", "first_administrator", office.ADMINISTRATOR]
    done = subprocess.run(line, input=f"{password}\n", capture_output=True, text=True, check=False, timeout=120)
    said = (done.stdout + done.stderr).strip()
    if done.returncode and "already" not in said:
        raise LabError(
            said[-800:], where="portal: proforma-manage first_administrator", remedy="./scripts/lab shell portal"
        )
    commands.note("proforma-manage", "first_administrator", office.ADMINISTRATOR)
    return f"{office.ADMINISTRATOR}, password in {lab.state / 'people.json'}"


def unreachable(lab: Lab, say: Say) -> None:
    """From no host is anything of the real internet reached. Raises LabError."""
    tries = " || ".join(f"timeout 1 bash -c ': </dev/tcp/{one}' 2>/dev/null" for one in OUTSIDE)

    def one(host: Host) -> None:
        line = [*boot.entering(lab.group.place(host.name)), "bash", "-c", tries]
        if subprocess.run(line, check=False, timeout=20, stdin=subprocess.DEVNULL).returncode == 0:
            raise LabError(
                "It reaches the internet.", where=host.name, remedy="./scripts/host offline; then look at its routes."
            )

    _each(HOSTS, one)
    say(f"tried from {len(HOSTS)} hosts")
