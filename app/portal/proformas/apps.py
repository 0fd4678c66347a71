from django.apps import AppConfig


class ProformasConfig(AppConfig):
    name = "portal.proformas"
    label = "proformas"
