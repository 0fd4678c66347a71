"""Every setting of the portal: name, type, default and meaning in one place; docs/settings.md is generated from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environ

PREFIX = "PROFORMA_"
REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable, PROFORMA_<name>. A secret may come as PROFORMA_<name>_FILE, the path of a file."""

    name: str
    kind: type
    default: Any
    meaning: str
    secret: bool = False


SETTINGS = (
    Setting("MODE", str, "production", "`production`, or `test`: a rehearsal; every document says so, sandbox allowed"),
    Setting("DATABASE_URL", str, REQUIRED, "PostgreSQL as the application's role, which owns nothing", secret=True),
    Setting("MIGRATION_DATABASE_URL", str, "", "PostgreSQL as the owner of the tables; only `migrate` uses it", True),
    Setting("APP_ROLE", str, "proforma_app", "The role that the migrations grant to"),
    Setting("SECRET_KEY", str, REQUIRED, "Django's signing key", secret=True),
    Setting("PSEUDONYM_KEY", str, REQUIRED, "Key of the pseudonyms of callers; changing it changes them all", True),
    Setting("ALLOWED_HOSTS", list, [], "Host names that staff use for the portal"),
    Setting("SECURE_COOKIES", bool, True, "Cookies over TLS only; false only for a rehearsal on loopback"),
    Setting("CREDENTIALS_DIR", str, "/etc/proforma/credentials", "Credentials of customers, one JSON file a path"),
    Setting("SEALING_PUBLIC_KEY", str, "", "Key to which the portal seals credentials that administrators set"),
    Setting("SEALING_PRIVATE_KEY", str, "", "Opens them; workers alone have it", True),
    Setting("DOCUMENTS_DIR", str, "/var/lib/proforma/documents", "Where rendered documents are kept"),
    Setting("DOCUMENTS_BUCKET", str, "", "S3 bucket for rendered documents; takes the place of the directory"),
    Setting("S3_ENDPOINT_URL", str, "", "Another S3 endpoint than the region's own (rehearsal)"),
    Setting("BROKER_URL", str, "filesystem://", "Celery's broker: `filesystem://`, or `sqs://`"),
    Setting("BROKER_DIR", str, "/var/lib/proforma/broker", "Directory of the file-system broker"),
    Setting("BROKER_QUEUE_URL", str, "", "SQS queue that wakes workers; needed with `sqs://`"),
    Setting("BROKER_REGION", str, "", "AWS region of that queue; by default the one that boto3 finds"),
    Setting("BROKER_VISIBILITY_SECONDS", int, 120, "When SQS gives what a dead worker had taken to another"),
    Setting(
        "EVENTS_QUEUE_URL", str, "", "SQS queue of `events_consume`: what customers sent, and months that fall due"
    ),
    Setting("INBOX_BUCKET", str, "", "S3 bucket into which the intake function puts what customers sent"),
    Setting("SCHEDULE_ACTOR", str, "", "User name of the preparer in whose name the calendar starts months"),
    Setting("LEASE_SECONDS", int, 30, "How long a worker owns a unit of work without a sign of life"),
    Setting("SWEEP_SECONDS", int, 15, "How often due work is looked for"),
    Setting("RETRY_SECONDS", int, 30, "First pause before work that failed for a passing reason is tried again"),
    Setting("LOG_LEVEL", str, "INFO", "Level of the log on standard error"),
)


def read() -> dict[str, Any]:
    """All settings by name. Raises environ.ImproperlyConfigured that names what is missing."""
    env = environ.FileAwareEnv()
    return {s.name: _value(env, s) for s in SETTINGS}


def _value(env: environ.FileAwareEnv, setting: Setting) -> Any:
    default = env.NOTSET if setting.default is REQUIRED else setting.default
    value = env.get_value(PREFIX + setting.name, cast=setting.kind, default=default)
    return value.strip() if isinstance(value, str) else value


def table() -> str:
    """The settings as a Markdown table, sorted as they stand."""
    rows = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    for s in SETTINGS:
        default = "required" if s.default is REQUIRED else f"`{s.default}`" if s.default not in ("", []) else "none"
        secret = " (secret: or the path of a file in the same name with `_FILE`)" if s.secret else ""
        rows.append(f"| `{PREFIX}{s.name}` | {s.kind.__name__} | {default} | {s.meaning}{secret} |")
    return "\n".join(rows) + "\n"


BASE_DIR = Path(__file__).resolve().parent.parent
