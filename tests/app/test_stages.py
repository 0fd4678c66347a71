"""Rules of the house about the tables, asked of Django's own registry of models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models

STAGES = ("audit", "accounts", "contracts", "tickets", "proformas", "documents", "delivery", "web")
"""In the order of the month: a table knows its own stage and earlier ones, never a later one."""
FRAMEWORK = {"auth", "contenttypes", "sessions", "axes"}


def own_relations() -> Iterator[tuple[Any, Any]]:
    """(relation, the model it points to) of every table of the portal."""
    for stage in STAGES:
        for model in apps.get_app_config(stage).get_models(include_auto_created=True):
            for field in model._meta.get_fields():
                if isinstance(field, models.ForeignKey | models.ManyToManyField):
                    yield field, field.related_model


def test_foreign_keys_point_only_to_the_same_or_an_earlier_stage() -> None:
    wrong = [
        f"{field} -> {target._meta.label}"
        for field, target in own_relations()
        if (stage := target._meta.app_label) not in FRAMEWORK
        and STAGES.index(stage) > STAGES.index(field.model._meta.app_label)
    ]
    assert wrong == []


def test_no_stage_can_be_walked_backwards_through_a_related_name() -> None:
    """related_name="+": a model cannot be asked for the rows of a later stage that point to it."""
    named = [
        str(field)
        for field, target in own_relations()
        if not field.remote_field.hidden and target._meta.app_label in STAGES
    ]
    assert named == []


def test_the_stages_are_all_of_the_portals_apps() -> None:
    installed = {config.label for config in apps.get_app_configs() if config.name.startswith("portal.")}
    assert installed == set(STAGES)
