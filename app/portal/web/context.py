"""What every page knows: the mode, what this person may do, and where they can go."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from portal.accounts.access import Permission, may

NAVIGATION = (
    ("home", "Months", (Permission.VIEW,)),
    ("contracts", "Contracts", (Permission.VIEW,)),
    ("customers", "Customers", (Permission.VIEW,)),
    ("people", "People", (Permission.USERS,)),
    ("credentials", "Credentials", (Permission.CREDENTIALS,)),
    ("record", "Record", (Permission.AUDIT,)),
)
"""name of the address, label, permissions of which one is enough"""

SECTIONS = {
    "home": "home",
    "month": "home",
    "proforma": "home",
    "line": "home",
    "delivery": "home",
    "contracts": "contracts",
    "contract": "contracts",
    "rate": "contracts",
    "fixed": "contracts",
    "customers": "customers",
    "customer": "customers",
    "supplier": "customers",
    "source": "customers",
    "endpoint": "customers",
    "people": "people",
    "person": "people",
    "credentials": "credentials",
    "credential": "credentials",
    "record": "record",
}
"""first word of an address's name -> the entry of the navigation it belongs to"""


def portal(request: HttpRequest) -> dict[str, object]:
    user = getattr(request, "user", None)
    can = {permission.value: may(user, permission) for permission in Permission}
    here = request.resolver_match.url_name if request.resolver_match else ""
    section = SECTIONS.get((here or "").split("_")[0], "")
    navigation = [
        {"name": name, "label": label, "here": name == section}
        for name, label, needed in NAVIGATION
        if any(can[permission] for permission in needed)
    ]
    return {"test_mode": settings.TEST_MODE, "can": can, "navigation": navigation}
