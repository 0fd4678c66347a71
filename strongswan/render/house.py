"""Reads the gateway, the profiles and all site files; returns them only if every one of them may be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from strongswan.render import networks, sense
from strongswan.render.algorithms import PROFILES, Profile, Profiles
from strongswan.render.gateway import Gateway
from strongswan.render.marks import Document, read
from strongswan.render.problems import Finding, Problem, RefusedError
from strongswan.render.site import Site

Model = TypeVar("Model", bound=BaseModel)

REMEDIES = {
    "missing": "Add it; strongswan/sites/README.md has an example.",
    "extra_forbidden": "Correct the spelling or remove it; docs/sites.md lists all keys.",
    "literal_error": "Take one of the words named.",
    "too_short": "Name at least one.",
}


@dataclass(frozen=True, slots=True)
class House:
    """All that is needed to render a VPN host: checked, and consistent with each other."""

    gateway: Gateway
    sites: tuple[Site, ...]
    profiles: Profiles

    def profile(self, site: Site) -> Profile:
        """The site's algorithms, wherever they are written."""
        if site.algorithms is not None:
            return Profile(reason=f"asked for by {site.name}", ike=site.algorithms.ike, esp=site.algorithms.esp)
        return self.profiles.profiles[str(site.profile)]

    def site(self, customer: str) -> Site:
        """Raises RefusedError when there is none of that name."""
        for site in self.sites:
            if site.customer == customer:
                return site
        names = ", ".join(site.customer for site in self.sites)
        raise RefusedError([Problem(customer, 1, f"There is no site `{customer}`.", f"Take one of {names}.")])


def load(gateway: Path, sites: Iterable[Path], profiles: Path = PROFILES) -> House:
    """The house. Raises RefusedError with every problem of every file, sorted by file and line."""
    known, problems = _shaped(profiles, Profiles)
    ours, more = _shaped(gateway, Gateway)
    if known is None or ours is None:
        raise RefusedError([*problems, *more])
    found: list[Problem] = [read(gateway).problem(f) for f in sense.of_gateway(ours, known)]
    documents: list[tuple[Document, Site]] = []
    for path in sorted(sites):
        site, wrong = _shaped(path, Site)
        found += wrong
        if site is not None:
            documents.append((read(path), site))
    for document, site in documents:
        others = [other for _, other in documents if other is not site]
        found += map(document.problem, _findings(site, ours, known, Path(document.file).stem, others))
    if found:
        raise RefusedError(found)
    return House(ours, tuple(site for _, site in documents), known)


def sites_alone(sites: Iterable[Path]) -> list[Site]:
    """Each for itself, where our end is not at hand. Raises RefusedError for what cannot be read."""
    shaped = [_shaped(path, Site) for path in sorted(sites)]
    if problems := [problem for _, wrong in shaped for problem in wrong]:
        raise RefusedError(problems)
    return [site for site, _ in shaped if site is not None]


def _findings(site: Site, ours: Gateway, known: Profiles, stem: str, others: list[Site]) -> Iterator[Finding]:
    yield from sense.of_site(site, ours, known, stem)
    for other in others:  # told in both files: either may be the new one
        yield from networks.between(site, other)


def _shaped(path: Path, model: type[Model]) -> tuple[Model | None, list[Problem]]:
    try:
        document = read(path)
        return model.model_validate(document.data), []
    except RefusedError as refused:
        return None, list(refused.problems)
    except ValidationError as error:
        return None, [_problem(document, detail) for detail in error.errors()]


def _problem(document: Document, detail: ErrorDetails) -> Problem:
    place = tuple(part for part in detail["loc"] if part != "[key]")
    remedy = detail.get("ctx", {}).get("remedy") or REMEDIES.get(detail["type"], "See docs/sites.md for this key.")
    name = ".".join(map(str, place))
    what = {
        "missing": f"`{name}` is missing.",
        "extra_forbidden": f"`{name}` is no key that is known here.",
        "site": f"`{name}`: {detail['msg']}",
    }.get(detail["type"], f"`{name}`: {detail['msg']}, not `{detail['input']}`.")
    return document.problem(Finding(place, what, remedy))
