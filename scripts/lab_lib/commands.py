"""What docs/operations.md tells people to type, and what of it a trial has played, compared in the page's words.

A trial declares the page's lines that it plays (`catalogue.py`); it fails when one of them was not run to its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scripts.lab_lib.places import ROOT

PAGE = ROOT / "docs/operations.md"
LEFT_OUT = "What the lab does not play"
"""heading of the table of commands with the reason for each"""
PROGRAM = re.compile(
    r"(ansible-playbook|\./scripts/\w+|proforma-\w+|age-keygen|pki|swanctl|systemctl|rm|apt-get|\S*python) \S"
)
FOR_THE_LAB = ("--skip-tags", "--gateway", "--sites")
"""options with a value that only the lab needs: its layers hold what a play would install; its files lie elsewhere"""
BY_UP = (
    "ansible-playbook -i INV playbooks/appliance.yml -e appliance_release=VERSION",
    "proforma-manage first_administrator NAME",
)
"""what `lab up` plays"""
ran: list[str] = []
"""what ended well in this process since the last trial began"""


def note(*words: str) -> None:
    """A command that did what it should."""
    script = words[2] if words[:2] == ("bash", "-c") else " ".join(words)
    ran.append(_plain(script))


def unplayed(lines: Iterable[str]) -> list[str]:
    """Those of the page's lines that nothing that ran is an example of."""
    return [line for line in lines if not any(_examples(line).fullmatch(one) for one in ran)]


def told(text: str | None = None) -> dict[str, list[str]]:
    """Procedure -> its commands in their order: lines of blocks, and commands within sentences."""
    page = PAGE.read_text() if text is None else text
    parts = (part.partition("\n") for part in page.split("\n## ")[1:])
    return {heading: list(dict.fromkeys(_commands(body))) for heading, _, body in parts if heading != LEFT_OUT}


def left_out(text: str | None = None) -> dict[str, str]:
    """Command, or how it begins -> why the lab does not play it."""
    page = PAGE.read_text() if text is None else text
    rows = re.findall(r"^\| (`.+`) \| (.+) \|$", page.partition(f"\n## {LEFT_OUT}\n")[2], re.MULTILINE)
    return {command: why for commands, why in rows for command in re.findall("`([^`]+)`", commands)}


def _commands(body: str) -> Iterator[str]:
    block = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
    for language, text in block.findall(body):
        for line in text.splitlines() if language in ("", "sh") else ():
            if command := re.sub(r"\s{2,}#.*", "", line).strip():
                yield command
    yield from (span for span in re.findall("`([^`\n]+)`", block.sub("", body)) if PROGRAM.match(span))


def _plain(line: str) -> str:
    for option in FOR_THE_LAB:
        line = re.sub(rf" {option} \S+", "", line)
    return line


def _examples(line: str) -> re.Pattern[str]:
    """What a line of the page stands for: words in capitals and places of safes are the operator's own."""
    return re.compile(" ".join(map(_word, line.split())))


def _word(word: str) -> str:
    if re.fullmatch(r"\w[\w.-]*\.tar\.gz", word):  # wherever the operator stands
        return rf"(?:\S*/)?{re.escape(word)}"
    parts = re.split(r"(/media/\S+|(?<![A-Za-z])[A-Z]{2,}(?![A-Za-z]))", word)
    return "".join(r"\S+" if number % 2 else re.escape(part) for number, part in enumerate(parts))
