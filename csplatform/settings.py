"""Settings: configuration comes from environment variables only; the README lists them with defaults."""

from __future__ import annotations

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from csplatform import env as environment
from csplatform.celery_settings import *  # noqa: F403  (Celery reads its options from this namespace)
from csplatform.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
env = environment.load()

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY", "")
if len(SECRET_KEY) < 1:
    raise ImproperlyConfigured("SECRET_KEY is not set: expected a long random string that stays the same.")
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")

# --- Databases -------------------------------------------------------------------------------------
_POSTGRES = {"postgres", "postgresql"}


def _database(name: str) -> dict[str, object]:
    config: dict[str, object] = dict(environ.Env.db_url_config(env.url(name, _POSTGRES)))
    config["CONN_MAX_AGE"] = 600
    config["CONN_HEALTH_CHECKS"] = True
    options = config.get("OPTIONS")
    config["OPTIONS"] = {**(options if isinstance(options, dict) else {}), "connect_timeout": 5}
    return config


DATABASES = {"default": _database("DATABASE_URL")}
# Migrations and monthly partitions need the owner's role; the web and worker processes never use it for requests.
DATABASES["owner"] = _database("DATABASE_OWNER_URL") if env.text("DATABASE_OWNER_URL", "") else DATABASES["default"]
DATABASE_ROUTERS = ["csplatform.core.routers.OwnerIsForMigrations"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.url("REDIS_URL", {"redis", "rediss", "unix"})
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
    }
}

# --- Applications ----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "csplatform.core",
    "accounts",
    "journeys",
    "surveys",
    "health",
    "accounts.administration.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # its widget templates stay reachable while ours override the field and the form
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "django_htmx",
    "csp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "csplatform.ops.OpsMiddleware",
    "csplatform.core.middleware.RequestIdMiddleware",
    "health.ingest.middleware.IngestMiddleware",
    "surveys.public.results.ResultsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "surveys.public.shortcut.PublicPagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "accounts.middleware.WorkspaceMiddleware",
]
ROOT_URLCONF = "csplatform.urls"
WSGI_APPLICATION = "csplatform.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "accounts.context_processors.workspace",
                "health.views.alerts.nav_counts",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- People ----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
OPEN_SIGNUP = env.flag("OPEN_SIGNUP", False)
# Who signs up without an invitation has shown no mail of ours yet: the address may be somebody else's.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_RATE_LIMITS = {"first_workspace": "10/m/ip", "own_workspace": "10/m/user"}
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
# A reset asked for an unknown address sends nothing: we are no means to send mail to strangers.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if PUBLIC_URL.startswith("https://"):
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
else:
    MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

EMAIL_CONFIG = environ.Env.email_url_config(env.text("EMAIL_URL", "consolemail://"))
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Boomerang <noreply@localhost>")

# --- Language and files ----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "csplatform" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / ".local" / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(BASE_DIR / ".local" / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "csplatform.core.static.CompressedStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# Compressing is most of what collecting costs: source maps are for debuggers, and only hashed names are ever asked for.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STATIC_BROTLI = not env.text("LOCAL_STATE", "")  # nine of twelve CPU seconds, and nobody far away to thank for them
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "png", "jpg", "jpeg", "webp", "avif", "gif", "woff", "woff2", "gz", "br"]
# Imports arrive as files of a million rows: they are streamed to disk, never held in memory.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

# --- Background work -------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
WORKER_CONCURRENCY = env.number("WORKER_CONCURRENCY", 2, low=1, high=256)
WEB_WORKERS = env.number("WEB_WORKERS", 2, low=1, high=256)

# --- Interfaces ------------------------------------------------------------------------------------
# Ten years of history can be imported; older events are refused, because their exactly-once keys go with them.
EVENT_RETENTION_DAYS = env.number("EVENT_RETENTION_DAYS", 4_000, low=90, high=20_000)
ALERT_RETENTION_DAYS = env.number("ALERT_RETENTION_DAYS", 400, low=30, high=20_000)
INGEST_RATE_PER_MINUTE = env.number("INGEST_RATE_PER_MINUTE", 60_000, low=1, high=100_000_000)
API_RATE_PER_MINUTE = env.number("API_RATE_PER_MINUTE", 6_000, low=1, high=10_000_000)
# Hosts named here may be private and without TLS; all others that webhooks go to must be public.
WEBHOOK_PRIVATE_HOSTS = [host.lower() for host in env.words("WEBHOOK_PRIVATE_HOSTS", [])]
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
DEMO = env.flag("DEMO", False)
DEMO_PASSWORD = env.text("DEMO_PASSWORD", "sherwood-demo")
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Boomerang",
    "DESCRIPTION": "REST interface of the Boomerang customer success platform.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVERS": [{"url": "/", "description": "This installation."}],
    "POSTPROCESSING_HOOKS": ["csplatform.api.schema.complete"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

# --- Logs ------------------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
LOG_FORMAT = env.choice("LOG_FORMAT", "auto", {"auto", "json", "text"})

LOGGING = logging_config(LOG_LEVEL, LOG_FORMAT)
SILENCED_SYSTEM_CHECKS: list[str] = []
