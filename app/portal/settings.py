"""Django's settings; every value that differs between installations comes from portal.environment."""

from __future__ import annotations

import os
from pathlib import Path

import environ

from portal import environment

ENV = environment.read()
BASE_DIR = environment.BASE_DIR

TEST_MODE = ENV["MODE"] == "test"
DEBUG = False
SECRET_KEY = ENV["SECRET_KEY"]
PSEUDONYM_KEY = ENV["PSEUDONYM_KEY"]
ALLOWED_HOSTS = ENV["ALLOWED_HOSTS"] or (["127.0.0.1", "localhost"] if TEST_MODE else [])

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "axes",
    "csp",
    "django_htmx",
    "portal.audit",
    "portal.accounts",
    "portal.contracts",
    "portal.tickets",
    "portal.proformas",
    "portal.documents",
    "portal.delivery",
    "portal.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.web.access.AccessMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.web.context.portal",
            ],
        },
    },
]

# The owner's connection is for migrations alone: the application's role owns nothing and cannot truncate.
AS_OWNER = os.environ.get("PROFORMA_AS_OWNER") == "1" and ENV["MIGRATION_DATABASE_URL"] != ""
DATABASES = {
    "default": environ.Env.db_url_config(ENV["MIGRATION_DATABASE_URL"] if AS_OWNER else ENV["DATABASE_URL"])
    | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True},
}
DATABASE_APP_ROLE = ENV["APP_ROLE"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "web/locked_out.html"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "portal.web.addresses.client_address"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"

SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV["SECURE_COOKIES"]
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000 if ENV["SECURE_COOKIES"] else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
WHITENOISE_MANIFEST_STRICT = False
WHITENOISE_USE_FINDERS = TEST_MODE
if TEST_MODE:  # a rehearsal and the tests serve files as they are, without a collectstatic step
    STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}

CREDENTIALS_DIR = Path(ENV["CREDENTIALS_DIR"])
SEALING_PUBLIC_KEY = ENV["SEALING_PUBLIC_KEY"]
SEALING_PRIVATE_KEY = ENV["SEALING_PRIVATE_KEY"]
DOCUMENTS_DIR = Path(ENV["DOCUMENTS_DIR"])
DOCUMENTS_BUCKET = ENV["DOCUMENTS_BUCKET"]
S3_ENDPOINT_URL = ENV["S3_ENDPOINT_URL"]
EVENTS_QUEUE_URL = ENV["EVENTS_QUEUE_URL"]
INBOX_BUCKET = ENV["INBOX_BUCKET"]
SCHEDULE_ACTOR = ENV["SCHEDULE_ACTOR"]

LEASE_SECONDS = ENV["LEASE_SECONDS"]
RETRY_SECONDS = ENV["RETRY_SECONDS"]
SWEEP_SECONDS = ENV["SWEEP_SECONDS"]

# The queue only says hurry: losing or repeating a message is harmless, the rows in PostgreSQL are the truth.
CELERY_BROKER_URL = ENV["BROKER_URL"]
_BROKER_DIR = Path(ENV["BROKER_DIR"])
if CELERY_BROKER_URL.startswith("filesystem"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_BROKER_DIR / "queue"),
        "data_folder_out": str(_BROKER_DIR / "queue"),
        "control_folder": str(_BROKER_DIR / "control"),
    }
if CELERY_BROKER_URL.startswith("sqs"):
    # One queue that exists already: workers may neither make nor list queues. AWS_ENDPOINT_URL leads to a rehearsal.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "predefined_queues": {"celery": {"url": ENV["BROKER_QUEUE_URL"]}},
        "visibility_timeout": ENV["BROKER_VISIBILITY_SECONDS"],
    } | ({"region": ENV["BROKER_REGION"]} if ENV["BROKER_REGION"] else {})
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # it would need a queue of each worker's own
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# A message that nobody took until the next one comes says nothing new: while all workers are busy none pile up.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "delivery.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}}
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": ENV["LOG_LEVEL"]},
    # These print what goes over the wire; addresses with a query and ticket text have no place in a log.
    "loggers": {name: {"level": "WARNING"} for name in ("urllib3", "botocore", "fontTools", "pikepdf")}
    | {"weasyprint": {"level": "ERROR"}},  # its warnings quote letters that no typeface has
}
