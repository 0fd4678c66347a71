"""The portal's settings with what a test needs where the environment says nothing."""

import os

_DEFAULTS = {
    "PROFORMA_MODE": "test",
    "PROFORMA_SECRET_KEY": "tests-only",
    "PROFORMA_PSEUDONYM_KEY": "tests-only-tests-only",
    "PROFORMA_SECURE_COOKIES": "false",
    "PROFORMA_DATABASE_URL": "postgres://app:none@127.0.0.1:1/none",
    "PROFORMA_LEASE_SECONDS": "3",
    "PROFORMA_RETRY_SECONDS": "1",
}
for _name, _value in _DEFAULTS.items():
    os.environ.setdefault(_name, _value)

from portal.settings import *  # noqa: E402, F403 - the defaults above have to stand first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""fast, for passwords that protect nothing"""
