"""Writes each role's README.md from its meta/argument_specs.yml and defaults/main.yml. Run it after a change there:

.venv/bin/python -m scripts.role_pages
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).resolve().parent.parent / "ansible" / "roles"
FOOTER = "\nGenerated from `meta/argument_specs.yml` and `defaults/main.yml` by `python -m scripts.role_pages`.\n"


def roles() -> list[Path]:
    return sorted(path.parent.parent for path in ROLES.glob("*/meta/argument_specs.yml"))


def page(role: Path) -> str:
    """The README: what the role is for, its variables with type, default, meaning, and what other roles play of it."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    lines = _entry(f"# {role.name}", specs.pop("main"), defaults(role))
    for name, spec in specs.items():
        lines += _entry(f"## For other roles: `tasks_from: {name}`", spec, defaults(role))
    return "\n".join(lines).rstrip("\n") + "\n" + FOOTER


def _entry(heading: str, spec: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    lines = [heading, "", f"{spec['short_description']}.", ""]
    for paragraph in _paragraphs(spec.get("description", ())):
        lines += [paragraph, ""]
    if options := spec.get("options"):
        lines += ["| variable | type | default | what it is |", "|---|---|---|---|", *_rows(options, given), ""]
    return lines


def defaults(role: Path) -> dict[str, Any]:
    file = role / "defaults" / "main.yml"
    return (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}


def _rows(options: Mapping[str, Any], given: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, option in options.items():
        default = "**required**" if option.get("required") else ""
        if not prefix and name in given:
            default = _code(given[name])
        elif prefix and "default" in option:
            default = _code(option["default"])
        cells = (f"`{prefix}{name}`", _type(option), default, " ".join(_paragraphs(option["description"])))
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
        yield from _rows(option.get("options") or {}, {}, f"{prefix}{name}.")


def _type(option: Mapping[str, Any]) -> str:
    kind = option.get("type", "str")
    kind = f"list of {option['elements']}" if kind == "list" and "elements" in option else kind
    return f"{kind}: {', '.join(map(str, option['choices']))}" if "choices" in option else kind


def _code(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{' '.join(text.split())}`" if text else '`""`'


def _paragraphs(text: Any) -> list[str]:
    return [" ".join(one.split()) for one in ([text] if isinstance(text, str) else text)]


def main() -> None:
    for role in roles():
        (role / "README.md").write_text(page(role))


if __name__ == "__main__":
    main()
