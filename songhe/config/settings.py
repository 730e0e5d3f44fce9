"""Django settings: one file, all differences between installs come from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from psycopg.conninfo import conninfo_to_dict

from songhe.base.database.roles import APP
from songhe.config.env import PORTS, env
from songhe.config.postgres import cluster_home
from songhe.config.rates import LIMITS
from songhe.kernel.exposition import token_of

ENV = env()
PACKAGE = Path(__file__).resolve().parent.parent
DEBUG = False
SECRET_KEY = ENV.secret()
ALLOWED_HOSTS = [h.strip() for h in ENV.allowed_hosts.split(",") if h.strip()]
if ENV.mode == "test":
    ALLOWED_HOSTS = [*ALLOWED_HOSTS, "testserver"]

INSTALLED_APPS = [
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "django_htmx",
    "procrastinate.contrib.django",
    "songhe.base.accounts",
    "songhe.base.access",
    "songhe.base.audit",
    "songhe.base.vault",
    "songhe.base.history",
    "songhe.base.events",
    "songhe.base.health",
    "songhe.base.regions",
    "songhe.base.outside",
    "songhe.base.notify",
    "songhe.base.files",
    "songhe.base.consent",
    "songhe.base.retention",
    "songhe.engines.workflow",
    "songhe.engines.booking",
    "songhe.engines.exchange",
    "songhe.engines.ledger",
    "songhe.engines.search",
    "songhe.kit",
    "songhe.domains.people",
    "songhe.domains.organizations",
    "songhe.domains.devices",
    "songhe.domains.catalog",
    "songhe.domains.telemetry",
    "songhe.domains.subsidies",
    "songhe.domains.monitoring",
    "songhe.domains.billing",
    "songhe.domains.dispatch",
    "songhe.domains.homecare",
    "songhe.domains.security",
    "songhe.portals.signin",
    "songhe.portals.home",
    "songhe.portals.family",
    "songhe.portals.notices",
    "songhe.portals.desk",
    "songhe.portals.operations",
    "songhe.portals.worker",
    # Last, so that its own translations never take the place of ours.
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
MIDDLEWARE = [
    "songhe.base.health.middleware.Observed",
    "songhe.kit.hardening.Hardening",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "songhe.kit.middleware.LocaleAndLook",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "songhe.base.accounts.middleware.Authentication",
    "songhe.base.access.middleware.ActorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "songhe.kit.hardening.PagePolicy",
    "songhe.kit.hardening.LiveSource",
    "django_htmx.middleware.HtmxMiddleware",
    "songhe.kit.limits.RateLimits",
    "songhe.kit.middleware.Errors",
]
if ENV.mode == "test":  # tests own their database
    MIDDLEWARE.insert(0, "songhe.base.access.wall.Walled")
ROOT_URLCONF = "songhe.config.urls"
WSGI_APPLICATION = "songhe.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "songhe.kit.context.page",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "songhe.kit.templatetags.kit",
            ],
        },
    }
]
COTTON_DIR = "components"

# A pool's tries grow further apart with an outage, up to minutes: given up early they begin anew,
# so that pages and timers are back within seconds of the database.
POOL = {"min_size": 2, "max_size": 8, "timeout": 5.0, "reconnect_timeout": 3.0}
_db = conninfo_to_dict(ENV.database_url) if ENV.database_url else {}
DATABASES = {
    "default": {
        "ENGINE": "songhe.base.database",
        "NAME": _db.get("dbname", "songhe"),
        "USER": _db.get("user", "songhe"),
        "PASSWORD": _db.get("password", ""),
        "HOST": _db.get("host", "127.0.0.1"),
        "PORT": str(_db.get("port", ENV.port_of("postgres"))),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"connect_timeout": 5}
        | ({} if ENV.mode == "test" else {"pool": POOL})
        | ({"options": f"-c role={APP}"} if ENV.walled else {}),
        "TEST": {"NAME": f"test_{_db.get('dbname', 'songhe')}"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
PROVE_URL = "/account/prove/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if ENV.mode == "test":  # slow by design; the suite signs in hundreds of times
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login", "display_name")},
    },
]

# allauth keeps second factors and computes with them; signing in is ours (decision 0015), and
# nobody is known by an e-mail address.
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "songhe.base.accounts.factors.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# In production these roles sign in with a second factor, or set one up when they first come.
_factor_roles = ENV.second_factor_roles
if _factor_roles is None:
    _factor_roles = "admin,privacy_officer,auditor,engineer" if ENV.mode == "production" else ""
SECOND_FACTOR_ROLES = frozenset(r.strip() for r in _factor_roles.split(",") if r.strip())
# The one outside provider (OpenID Connect) by which linked accounts may sign in; "" is none.
OIDC_ISSUER = ENV.oidc_issuer.rstrip("/")
OIDC_CLIENT_ID, OIDC_CLIENT_SECRET = ENV.oidc_client_id, ENV.oidc_client_secret
OIDC_NAME = ENV.oidc_name or OIDC_ISSUER
OIDC_HOSTS = frozenset(h.strip() for h in ENV.oidc_hosts.split(",") if h.strip())
# Browser push: whom a push service may write to (mailto: or https:), and further push services.
PUSH_CONTACT = ENV.push_contact
PUSH_HOSTS = frozenset(h.strip() for h in ENV.push_hosts.split(",") if h.strip())

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = ENV.time_zone

STATIC_URL = "/static/"
STATIC_ROOT = ENV.state / "static"
WHITENOISE_MAX_AGE = 0 if ENV.mode == "test" else 31_536_000
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = ENV.mode == "test"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if ENV.mode == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

TLS = ENV.tls_cert is not None
SESSION_ENGINE = "songhe.base.access.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = TLS
CSRF_COOKIE_SECURE = TLS
# Two installs on one host share cookies whatever their port: the port is part of the name.
# Under TLS a browser takes them from this host alone (`__Host-`: secure, no domain, path /).
COOKIE_PREFIX = "__Host-" if TLS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}songhe_session_{ENV.port}"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}songhe_csrf_{ENV.port}"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "songhe.kit.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# A year, in production alone: a demo's own certificate must not close a name to other programs.
SECURE_HSTS_SECONDS = 31_536_000 if TLS and ENV.mode == "production" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20  # forms without their files
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
RATE_LIMITS = LIMITS if ENV.limited else ()
X_FRAME_OPTIONS = "DENY"
_live = ENV.port_of("live")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],  # and the event streams of the asked host: kit.hardening
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
LIVE_PORT = _live
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
LOGGING_CONFIG = None
LOG_REQUESTS = ENV.log_style == "json"
HEALTH: dict[str, Any] = {
    "state": ENV.state,
    "folders": [ENV.state, cluster_home(ENV.state.resolve())],
    "host": ENV.host,
    "ports": {name: ENV.port_of(name) for name in PORTS},
    "tls_cert": ENV.tls_cert,
    "token": token_of(ENV.metrics_token, ENV.secret()),
    "every_s": ENV.health_every_s,
    "limits": ENV.platform_limits,
}
SILENCED_SYSTEM_CHECKS: list[str] = []
