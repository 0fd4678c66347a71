"""YAML that remembers on which line each value stands. A key given twice is refused (YAML would take the last)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from strongswan.render.problems import Finding, Problem, RefusedError

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content as plain values, and the line (from 1) of each place in it."""

    file: str
    data: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """The line of `place`, or of what holds it: a missing key is reported where it should be."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def problem(self, finding: Finding) -> Problem:
        return Problem(self.file, self.line(finding.place), finding.what, finding.remedy)


def read(path: Path) -> Document:
    """The document in `path`. Refused when it cannot be read or is no YAML mapping."""
    try:
        return _parsed(path, path.read_text(encoding="utf-8"))
    except OSError as error:
        what = f"The file cannot be read: {error.strerror}."
        raise RefusedError([Problem(str(path), 1, what, "Name an existing file.")]) from None
    except (yaml.YAMLError, ValueError) as error:  # a date such as 2026-13-01 is a ValueError
        raise RefusedError([_no_yaml(path, error)]) from None


def _parsed(path: Path, content: str) -> Document:
    for token in yaml.scan(content):
        if isinstance(token, yaml.AliasToken):  # it may contain itself, and a reader has to search for it
            line = token.start_mark.line + 1
            raise RefusedError([Problem(str(path), line, "References (*name) are not read.", "Write the value out.")])
    loader = yaml.SafeLoader(content)
    node = loader.get_single_node()
    document = Document(str(path), None)
    if not isinstance(node, yaml.MappingNode):
        what = "The file holds no mapping of keys to values."
        raise RefusedError([Problem(str(path), 1, what, "Start from an example.")])
    return Document(str(path), _plain(loader, node, (), document), document.lines)


def _no_yaml(path: Path, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    return Problem(
        str(path),
        mark.line + 1 if mark else 1,
        f"The file is no YAML: {getattr(error, 'problem', None) or error}.",
        "Correct the indentation or the quotes at this line.",
    )


def _plain(loader: yaml.SafeLoader, node: yaml.Node, place: Place, document: Document) -> Any:
    document.lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, place, document)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, (*place, index), document) for index, item in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, place: Place, document: Document) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in result:
            raise RefusedError(
                [Problem(document.file, line, f"The key `{key}` is given twice.", "Keep one of the two.")]
            )
        document.lines[(*place, key)] = line
        result[key] = _plain(loader, value, (*place, key), document)
    return result
