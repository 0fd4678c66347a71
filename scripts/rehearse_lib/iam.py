"""What policies of IAM allow, decided as AWS documents it: an explicit refusal wins, then a permission, else nothing.

moto stores policies and has no simulator, and its own evaluator takes a condition that does not hold for a refusal; the
well-kept one that knows more (iam-simulate) is for Node. This one knows what our policies use, and judges nothing else.
Source: IAM User Guide, "Policy evaluation logic" and "Policy element reference".
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Document = Mapping[str, Any]
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"}
)


class UnknownElementError(Exception):
    """A policy uses what this evaluator does not know; judging it anyway could only be wrong."""


class Decision(Enum):
    ALLOWED = "allowed"
    DENIED = "denied explicitly"
    NOTHING = "not allowed"


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `principal`: ARN of a role, or host name of a service. `context`: condition keys, in any case."""

    action: str
    resource: str
    principal: str = ""
    context: Mapping[str, str] = field(default_factory=dict)


def decide(request: Request, identity: Iterable[Document], resource: Iterable[Document] = ()) -> Decision:
    """Within one account: either side may allow, either side may refuse. Raises UnknownElementError."""
    hits = [s for document in identity for s in statements(document) if _applies(s, request)]
    hits += [s for document in resource for s in statements(document) if _for(s, request) and _applies(s, request)]
    effects = {s["Effect"] for s in hits}
    if "Deny" in effects:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in effects else Decision.NOTHING


def trusts(document: Document, principal: str, context: Mapping[str, str] | None = None) -> bool:
    """Whether a role's trust policy lets `principal` (ARN, or a service's host name) take it."""
    asked = Request("sts:AssumeRole", "*", principal, context or {})
    trusted = [dict(s) | {"Resource": "*"} for s in statements(document)]
    return decide(asked, (), [{"Statement": trusted}]) is Decision.ALLOWED


def statements(document: Document) -> list[Mapping[str, Any]]:
    """Raises UnknownElementError for an element or effect that is not known."""
    found = many(document.get("Statement", []))
    for statement in found:
        if unknown := set(statement) - _ELEMENTS:
            raise UnknownElementError(f"a statement has {sorted(unknown)}")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise UnknownElementError(f"the effect {statement.get('Effect')!r}")
    return found


def many(value: Any) -> list[Any]:
    """A policy may write a single value without a list, as Terraform does."""
    return list(value) if isinstance(value, list | tuple | set) else [value]


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    action = _named(statement, "Action", lambda pattern: _like(pattern.lower(), request.action.lower()))
    resource = _named(statement, "Resource", lambda pattern: _like(_filled(pattern, request), request.resource))
    return action and resource and _conditions(statement.get("Condition", {}), request)


def _named(statement: Mapping[str, Any], element: str, fits: Callable[[str], bool]) -> bool:
    """Action or NotAction, Resource or NotResource; a statement without either fits nothing."""
    if element in statement:
        return any(fits(one) for one in many(statement[element]))
    other = f"Not{element}"
    return other in statement and not any(fits(one) for one in many(statement[other]))


def _like(pattern: str, value: str) -> bool:
    """`*` and `?` are wildcards; brackets, which fnmatch would read as a set, are letters."""
    return fnmatch.fnmatchcase(value, re.sub(r"([\[\]])", r"[\1]", pattern))


def _filled(pattern: str, request: Request) -> str:
    """`${aws:...}` from the context. A variable that is missing fits nothing."""
    known = _context(request)
    return re.sub(r"\$\{([^}]+)\}", lambda found: known.get(found[1].lower(), "\0"), pattern)


def _for(statement: Mapping[str, Any], request: Request) -> bool:
    """Whether a policy of a resource speaks of this principal."""
    element = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    given = statement.get(element)
    named = [given] if isinstance(given, str) else [one for of in (given or {}).values() for one in many(of)]
    return any(_principal(one, request.principal) for one in named) is (element == "Principal")


def _principal(named: str, principal: str) -> bool:
    if named in ("*", principal):
        return True
    account = re.fullmatch(r"(?:arn:[^:]+:iam::)?(\d{12})(?::root)?", named)
    return account is not None and f":{account[1]}:" in principal


def _context(request: Request) -> dict[str, str]:
    known = {key.lower(): value for key, value in request.context.items()}
    return {"aws:principalarn": request.principal, "aws:securetransport": "true"} | known


def _conditions(conditions: Mapping[str, Mapping[str, Any]], request: Request) -> bool:
    """All operators and all keys must hold; of a key's values one."""
    known = _context(request)
    return all(
        _holds(operator, known.get(key.lower()), [str(one) for one in many(values)])
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _holds(operator: str, actual: str | None, values: list[str]) -> bool:
    """A key that is missing makes a positive operator false and a negative one true; ...IfExists is true then."""
    plain = operator.removesuffix("IfExists")
    if operator == "Null":
        return (actual is None) is (values[0].lower() == "true")
    if plain not in _OPERATORS:
        raise UnknownElementError(f"the condition {operator}")
    fits, negative = _OPERATORS[plain]
    if actual is None:
        return negative or plain != operator
    return any(fits(actual, value) for value in values) is not negative


def _within(actual: str, network: str) -> bool:
    return ipaddress.ip_address(actual) in ipaddress.ip_network(network)


def _arn(actual: str, pattern: str) -> bool:
    """Part by part: a wildcard does not reach over a colon."""
    ours, theirs = actual.split(":", 5), pattern.split(":", 5)
    return len(ours) == len(theirs) and all(_like(p, a) for a, p in zip(ours, theirs, strict=True))


def _equal(actual: str, value: str) -> bool:
    return actual == value


def _same_word(actual: str, value: str) -> bool:
    return actual.lower() == value.lower()


_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_same_word, False),
    "StringLike": (lambda actual, value: _like(value, actual), False),
    "StringNotLike": (lambda actual, value: _like(value, actual), True),
    "ArnEquals": (_arn, False),
    "ArnLike": (_arn, False),
    "ArnNotEquals": (_arn, True),
    "ArnNotLike": (_arn, True),
    "Bool": (_same_word, False),
    "IpAddress": (_within, False),
    "NotIpAddress": (_within, True),
    "NumericEquals": (lambda actual, value: float(actual) == float(value), False),
    "NumericGreaterThan": (lambda actual, value: float(actual) > float(value), False),
    "NumericLessThan": (lambda actual, value: float(actual) < float(value), False),
    "NumericLessThanEquals": (lambda actual, value: float(actual) <= float(value), False),
    "NumericGreaterThanEquals": (lambda actual, value: float(actual) >= float(value), False),
}
