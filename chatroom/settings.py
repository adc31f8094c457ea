"""All settings, top to bottom. First how the house is wired, then the services it stands on, then how it behaves.

Values come from the environment and are read once, here. `manage.py up` writes what it made for this machine
(addresses, secret key) to `var/env`; what stands in the environment wins over that file.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import schedule

from .env import (
    SettingError,
    envbool,
    envdatabase,
    envint,
    envlist,
    envorigin,
    envsecret,
    envsecrets,
    envstr,
    envurl,
    read_file,
)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(envstr("CHATROOM_VAR", str(BASE_DIR / "var"))).resolve()
read_file(VAR_DIR / "env")

# ── The wiring ───────────────────────────────────────────────────────────────────────────────────────────────────────
# Imports run downwards only: chatroom > governance > memory > agents > rooms. What a floor wants to know of the floors
# above it, it asks through these lists. `manage.py check` resolves every name; `manage.py wiring` prints them.

AUTH_USER_MODEL = "rooms.User"

AUTHENTICATION_BACKENDS = [  # may they? first refusal or first yes wins
    "django.contrib.auth.backends.ModelBackend",  # who they are; site-wide permissions
    "allauth.account.auth_backends.AuthenticationBackend",
    "rooms.backends.RoleBackend",  # owner, moderator, member, guest
    "guardian.backends.ObjectPermissionBackend",  # exceptions granted to one person or group
]

MESSAGE_GATES = [  # before a message is kept: quick, deterministic, no network
    "rooms.gates.length",
    "rooms.gates.link_flood",
]

EVENT_HANDLERS = {  # after commit: Celery tasks, each is given the event's id, each is idempotent
    "message.posted": ["agents.tasks.wake"],
    "message.finished": ["agents.tasks.wake"],  # an agent has answered, and named somebody
    "message.redacted": ["agents.tasks.forget"],
    "message.withdrawn": ["agents.tasks.forget"],
    "room.deleted": ["agents.tasks.forget"],
}

STEP_GATES = [  # before a step of an agent runs
    "agents.money.budgets.within_limits",
    "agents.triggers.energy.within_chain",
]

# On every window of an agent's text before anyone sees it, and on the whole.
REPLY_GATES = ["agents.speaking.gates.size"]

AGENT_CONTEXT = [  # what an agent is told, in this order
    "agents.context.building.instructions",
    "agents.context.building.recent_messages",
]

AGENT_TOOLS = [  # what agents may be allowed to do besides talking; each agent has a list of its own
    "agents.tools.room.search_room",
    "agents.tools.room.read_messages",
    "agents.tools.room.list_members",
    "agents.tools.plain.calculator",
    "agents.tools.plain.date_and_time",
    "agents.tools.web.fetch_url",
    "agents.tools.program.run_python",
    "agents.tools.own.withdraw_messages",
    "agents.tools.notes.read_notes",
    "agents.tools.notes.write_note",
]

RELAY_CHORES = ["agents.tasks.sweep"]  # what the relay does each five seconds besides: it lives when no worker does

MESSAGE_MAX_CHARACTERS = envint("MESSAGE_MAX_CHARACTERS", 8000, at_least=100, at_most=16000)

ROOM_PANELS = ["agents.web.panels.seats", "agents.web.panels.runs", "agents.web.notes.panel"]
COMPOSER_PARTS = ["agents.web.asking.composer"]  # what they add to where one writes
HOUSE_PAGES = ["agents.web.pages.registry", "agents.web.pages.conversations"]  # what they have besides rooms
MESSAGE_LINKS = [  # what floors above offer about a message
    "agents.web.links.why",
    "agents.web.links.run",
    "agents.web.links.alternatives",
]

# How often; 0 is without limit. Sending and asking are counted for each room by itself; see docs/budgets.md.
SENDS_PER_MINUTE = envint("SENDS_PER_MINUTE", 20)
SENDS_PER_MINUTE_GUEST = envint("SENDS_PER_MINUTE_GUEST", 5)
ASKS_PER_MINUTE = envint("ASKS_PER_MINUTE", 20)
ASKS_PER_MINUTE_GUEST = envint("ASKS_PER_MINUTE_GUEST", 5)
ASKS_PER_DAY = envint("ASKS_PER_DAY", 100)
UPLOADS_PER_MINUTE = envint("UPLOADS_PER_MINUTE", 30)
UPLOADS_PER_MINUTE_GUEST = envint("UPLOADS_PER_MINUTE_GUEST", 10)
ATTACHMENT_MAX_BYTES = envint("ATTACHMENT_MAX_BYTES", 10 * 1024 * 1024, at_least=1024, at_most=100 * 1024 * 1024)
ATTACHMENT_MAX_PIXELS = envint("ATTACHMENT_MAX_PIXELS", 32_000_000, at_least=10_000, at_most=80_000_000)

PERSON_USAGE = [  # what `GET /me/` says a person has used, and what is left
    "rooms.usage.messages_today",
    "rooms.usage.limits",
    "agents.money.usage.today",
    "agents.money.usage.budgets",
]

MCP_COMMANDS: dict[str, list[str]] = {}  # servers of tools on this machine: a name, and what is started for it

# A model's name wires the real backend; without one, agents answer from a script and nothing leaves the machine.
LLM_MODEL = envstr("LLM_MODEL", "")
LLM_BACKEND = envstr(
    "LLM_BACKEND", "agents.llm.litellm_backend.LiteLLM" if LLM_MODEL else "agents.llm.scripted.Scripted"
)
LLM_API_BASE = envstr("LLM_API_BASE", "")  # an OpenAI-compatible server of your own
LLM_API_KEY = envstr("LLM_API_KEY", "")  # or the provider's own variable, such as OPENAI_API_KEY
LLM_SCRIPTED_FIRST_TOKEN_MS = envint("LLM_SCRIPTED_FIRST_TOKEN_MS", 400, at_most=60_000)
LLM_SCRIPTED_TOKENS_PER_SECOND = envint("LLM_SCRIPTED_TOKENS_PER_SECOND", 25, at_most=100_000)  # 0: all at once
LLM_DIRECT = envbool("LLM_DIRECT", default=True)  # that server spoken to without LiteLLM between, ten times as cheaply
BREAKER_FAILURES = envint("BREAKER_FAILURES", 5, at_least=1, at_most=1000)  # in a row, then a model is left alone …
BREAKER_SECONDS = envint("BREAKER_SECONDS", 30, at_least=1, at_most=3600)  # … for so long, until one call may probe
LLM_PROBE_SECONDS = envint("LLM_PROBE_SECONDS", 0, at_most=86_400)  # idle deployments are asked if they live
# Money for models, in millionths of a dollar; 0 is no limit. The admin can say otherwise for each; see docs/budgets.md.
PERSON_BUDGET_MICROS_PER_DAY = envint("PERSON_BUDGET_MICROS_PER_DAY", 0)
PERSON_BUDGET_MICROS_PER_MONTH = envint("PERSON_BUDGET_MICROS_PER_MONTH", 0)
GUEST_BUDGET_MICROS_PER_DAY = envint("GUEST_BUDGET_MICROS_PER_DAY", PERSON_BUDGET_MICROS_PER_DAY)
ROOM_BUDGET_MICROS_PER_DAY = envint("ROOM_BUDGET_MICROS_PER_DAY", 0)
AGENT_BUDGET_MICROS_PER_DAY = envint("AGENT_BUDGET_MICROS_PER_DAY", 0)
ESTIMATE_FROM_MICROS = envint("ESTIMATE_FROM_MICROS", 10_000)  # what costs more is told before it is sent
APPROVERS = envlist("APPROVERS", ["requester", "moderators"])  # who decides on what an agent cannot undo
APPROVAL_SECONDS = envint("APPROVAL_SECONDS", 900, at_least=10)  # for so long; then its run ends
RECORD_TAPES = envbool("RECORD_TAPES", default=True)  # what providers sent, for `manage.py replay` …
TAPE_DAYS = envint("TAPE_DAYS", 30, at_least=1, at_most=3650)  # … for so long
AGENT_MAKERS = envstr("AGENT_MAKERS", "everyone")  # who may make agents: everyone, who then owns them, or only staff
if AGENT_MAKERS not in ("everyone", "staff"):
    raise SettingError(f"AGENT_MAKERS={AGENT_MAKERS!r} will not do. It accepts everyone or staff.")
COST_ALERT_FACTOR = envint("COST_ALERT_FACTOR", 3, at_least=1, at_most=1000)  # times the usual is told of …
COST_ALERT_FLOOR_MICROS = envint("COST_ALERT_FLOOR_MICROS", 1_000_000)  # … from here on
COST_WEBHOOK_URL = envstr("COST_WEBHOOK_URL", "") and envurl("COST_WEBHOOK_URL", schemes=("http", "https")).geturl()
COST_WEBHOOK_SECRET = envstr("COST_WEBHOOK_SECRET", "")  # signs what is told there
if COST_WEBHOOK_URL and not COST_WEBHOOK_SECRET:
    raise SettingError("COST_WEBHOOK_SECRET is not set. It signs what COST_WEBHOOK_URL is told: any long text.")
AGENT_PATIENCE_SECONDS = envint("AGENT_PATIENCE_SECONDS", 600, at_least=30)  # older questions are not answered any more
PLAN_APPROVAL_SECONDS = envint("PLAN_APPROVAL_SECONDS", 900, at_least=10)  # for so long agents wait for people

# ── Where it runs ────────────────────────────────────────────────────────────────────────────────────────────────────
# DEBUG=1 allows defaults that only fit one's own machine. Without it everything below has to be said.

DEBUG = envbool("DEBUG", default=False)
SECRET_KEY = envsecret("SECRET_KEY", default="only-for-debug" if DEBUG else None)
SEALING_KEYS = envsecrets("SEALING_KEY", [SECRET_KEY])  # for providers' keys: the first seals, the others still open
PUBLIC_URL = envorigin("PUBLIC_URL", "http://127.0.0.1:8000" if DEBUG else None)  # as people type it
HTTPS = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = envlist("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"] if DEBUG else None)
if "*" in ALLOWED_HOSTS and not DEBUG:
    raise SettingError("ALLOWED_HOSTS='*' answers to any name. It accepts the names people really use.")
CSRF_TRUSTED_ORIGINS = list(dict.fromkeys([PUBLIC_URL, *envlist("CSRF_TRUSTED_ORIGINS", [])]))
ALLOWED_ORIGINS = CSRF_TRUSTED_ORIGINS  # who may open a WebSocket with a cookie: scheme, host and port, exactly
TRUSTED_PROXIES = envint("TRUSTED_PROXIES", 0, at_most=10)  # how many of ours stand in front; see chatroom/doorstep.py

ROOT_URLCONF = "chatroom.urls"
ASGI_APPLICATION = "chatroom.asgi.application"

INSTALLED_APPS = [
    "chatroom",
    "governance",
    "memory",
    "agents",
    "rooms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "guardian",
    "waffle",
    "auditlog",
]

MIDDLEWARE = [  # all of them run inside the event loop; see chatroom/middleware.py
    "chatroom.middleware.RequestId",
    "chatroom.middleware.Security",
    "chatroom.middleware.BrowserPolicy",
    "chatroom.middleware.Frames",
    "chatroom.middleware.NoStore",
    "chatroom.middleware.Session",
    "chatroom.middleware.Common",
    "chatroom.middleware.Csrf",
    "chatroom.middleware.Authentication",
    "chatroom.middleware.Messages",
    "chatroom.middleware.AdminDiffs",
    "chatroom.middleware.Mistakes",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "rooms.web.context.house",
            ],
        },
    }
]

# ── PostgreSQL: the truth ────────────────────────────────────────────────────────────────────────────────────────────

database = envdatabase("DATABASE_URL", "postgresql:///chatroom" if DEBUG else None)
DB_POOL_SIZE = envint("DB_POOL_SIZE", 12, at_least=2, at_most=500)
ASYNC_POOL_SIZE = envint("ASYNC_POOL_SIZE", 8, at_least=1, at_most=500)  # of each event loop; see rooms/db.py
DB_STATEMENT_TIMEOUT_MS = envint("DB_STATEMENT_TIMEOUT_MS", 5000)  # 0 for long migrations
DB_LIMITS = (
    f"-c statement_timeout={DB_STATEMENT_TIMEOUT_MS} -c lock_timeout=3000 -c idle_in_transaction_session_timeout=15000"
    " -c plan_cache_mode=force_generic_plan"  # of the statements in rooms/prepared.py; the ORM's are never prepared
)

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **database,
        "CONN_MAX_AGE": 0,  # the pool keeps connections, not the threads
        "CONN_HEALTH_CHECKS": True,  # a connection that died with a restarted server is not handed out
        "OPTIONS": {
            "connect_timeout": 3,
            "tcp_user_timeout": 5000,
            "application_name": "chatroom",
            "options": DB_LIMITS,
            "pool": {"min_size": 1, "max_size": DB_POOL_SIZE, "timeout": 5, "max_idle": 300},
            **database["OPTIONS"],
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Rate limits of sign-in live here: shared by all processes and there when Redis is not. Nothing signed-in is cached.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# ── Redis: it only carries ───────────────────────────────────────────────────────────────────────────────────────────

REDIS_URL = envurl(
    "REDIS_URL", "redis://127.0.0.1:6379/0" if DEBUG else None, schemes=("redis", "rediss", "unix")
).geturl()
REDIS_PREFIX = envstr("REDIS_PREFIX", "chatroom")
REDIS_TIMEOUTS = {"socket_connect_timeout": 1.0, "socket_timeout": 2.0, "socket_keepalive": True}

CHANNEL_LAYERS = {
    "default": {
        # Not the core layer: it closes idle sockets, loses frames to slow readers and goes deaf after FLUSHALL.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, **REDIS_TIMEOUTS}], "prefix": f"{REDIS_PREFIX}.live"},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT = "chatroom.queue:Transport"  # Redis, with one client where kombu makes one a command
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_PUBLISH_RETRY = False  # whoever publishes must not wait for a dead Redis: the relay sends it later
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"agents.tasks.*": {"queue": "agent"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # leases and fences in PostgreSQL decide
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_CONSUMER = "chatroom.worker:PatientConsumer"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": f"{REDIS_PREFIX}.queue.",
    "visibility_timeout": 420,  # longer than the hard time limit, or a long task runs twice at once
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 1.0,  # whoever publishes to a hung Redis is free after this
    "socket_keepalive": True,
    "health_check_interval": 25,
    "max_retries": 0,
}
CELERY_BEAT_SCHEDULE = {
    "agents.sweep": {"task": "agents.tasks.sweep", "schedule": schedule(5.0), "options": {"expires": 5}},
    "agents.probe": {"task": "agents.tasks.probe", "schedule": schedule(60.0), "options": {"expires": 30}},
    "agents.mcp": {"task": "agents.tasks.ask_mcp_servers", "schedule": schedule(60.0), "options": {"expires": 60}},
    "agents.tidy": {"task": "agents.tasks.tidy", "schedule": schedule(3600.0), "options": {"expires": 600}},
    "agents.keep_schedules": {
        "task": "agents.tasks.keep_schedules",
        "schedule": schedule(30.0),
        "options": {"expires": 30},
    },
    "agents.deliver_alarms": {"task": "agents.deliver_alarms", "schedule": schedule(30.0), "options": {"expires": 25}},
    "agents.watch_costs": {"task": "agents.watch_costs", "schedule": schedule(300.0), "options": {"expires": 240}},
    "rooms.tidy": {"task": "rooms.tasks.tidy", "schedule": schedule(3600.0), "options": {"expires": 600}},
}

# ── People signing in ────────────────────────────────────────────────────────────────────────────────────────────────

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_PRESERVE_USERNAME_CASING = False  # names are lower case, so that @Ada and @ada are one person
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_ADAPTER = "rooms.web.adapter.Adapter"  # which counts failed sign-ins itself
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip"}
ANONYMOUS_USER_NAME = None  # guardian makes no row for nobody

AUDITLOG_DISABLE_REMOTE_ADDR = True

EMAIL_HOST = envstr("EMAIL_HOST", "")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = envint("EMAIL_PORT", 587, at_least=1, at_most=65535)
EMAIL_HOST_USER = envstr("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = envstr("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = envbool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
ADMINS = [("", address) for address in envlist("ADMINS", [])]  # who gets mail about what happens to the house
DEFAULT_FROM_EMAIL = envstr("DEFAULT_FROM_EMAIL", "chatroom@localhost")

# ── What browsers are told ───────────────────────────────────────────────────────────────────────────────────────────

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]  # probes speak to the process, not to the proxy
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# These three look for Django's own class names in MIDDLEWARE; ours are subclasses. tests/ops/ looks at the answers.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002", "security.W003"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
MAX_REQUEST_BYTES = envint("MAX_REQUEST_BYTES", 2 * 1024 * 1024, at_least=64 * 1024)

# ── REST ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rooms.api.auth.BearerAuthentication",
        "rooms.api.auth.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rooms.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rooms.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "rooms.api.schema.Schema",
    "EXCEPTION_HANDLER": "rooms.api.errors.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "chatroom",
    "DESCRIPTION": "People and agents talking in rooms. The live transports are described in docs/protocol.md.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": r"/api/v[0-9]+",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "Role": "rooms.roles.Role",
        "InvitationRole": ["member", "guest"],
        "UserKind": "rooms.models.User.Kind",
        "RoomKind": "rooms.models.Room.Kind",
        "StepKind": "agents.models.Step.Kind",
        "RoomVisibility": "rooms.models.Room.Visibility",
        "AgentVisibility": "agents.models.Agent.Visibility",
        "MessageState": "rooms.models.Message.State",
        "ApprovalState": "agents.models.Approval.State",
        "RunStatus": "agents.models.Status",
        "AgentStatus": "agents.runs.status.Doing",
        "Coordination": "agents.models.Coordination",
        "Stance": "agents.models.Stance",
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "rooms.api.schema.add_events"],
}

# ── Files, language, logs ────────────────────────────────────────────────────────────────────────────────────────────

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(envstr("STATIC_ROOT", str(VAR_DIR / "static")))
# Hashed names can be kept by browsers for ever; they need one `collectstatic`, as the Dockerfile does.
HASHED_STATIC = envbool("HASHED_STATIC", default=False)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "chatroom.static.HashedStorage"
        if HASHED_STATIC
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = Path(envstr("MEDIA_ROOT", str(VAR_DIR / "media")))  # what people attach; all processes see the same
FILE_UPLOAD_PERMISSIONS = 0o640

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "chatroom.logs.RequestIdFilter"}},
    "formatters": {"line": {"()": "chatroom.logs.Line"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request"]}},
    "root": {"handlers": ["stderr"], "level": envstr("LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "django.channels.server": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},  # one line for each task received and done is noise
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},  # it writes addresses
        "mcp": {"level": "WARNING"},
        "LiteLLM": {"level": "WARNING"},
    },
}

if urlsplit(PUBLIC_URL).hostname not in [host.strip("[]") for host in ALLOWED_HOSTS] and not any(
    host.startswith(".") for host in ALLOWED_HOSTS
):
    raise SettingError(f"ALLOWED_HOSTS does not contain {urlsplit(PUBLIC_URL).hostname}, the host of PUBLIC_URL.")
