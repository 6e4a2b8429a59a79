"""The deployment's settings, from the environment. What a merchant sets is a column of marketplace instead."""

from functools import lru_cache
from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from workflows.runtime import setting_rules
from workflows.runtime.setting_files import SECRETS, load_secret_files

MOST_KEPT_MONTHS = 1200  # a hundred years: longer than any book is kept, and within the calendar
_NEVER_SHOWN = frozenset({*SECRETS, "AUDIT_KEY"})
_RULES = {
    "greater_than_equal": "must be {ge} at least",
    "less_than_equal": "must be {le} at most",
    "int_parsing": "must be a whole number",
    "bool_parsing": "must be true or false",
}  # fmt: skip
_STRIPE_KEY = setting_rules.prefixed("sk_", "rk_")
_STRIPE_SECRETS = setting_rules.prefixed("whsec_")


class Settings(BaseSettings):
    """Read once per process; a missing or wrong value stops it with the variable's name."""

    # Its errors name the variable, never what stands in it: half of these are secrets.
    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True, env_ignore_empty=True)

    database_url: str = Field(default="", repr=False)  # libpq URL, as the role gatehouse_app
    redis_url: str = Field(default="", repr=False)
    public_url: str = "http://127.0.0.1:8000"  # what every link is built from, never the request
    # "id:secret,id:secret": the first key signs, all of them verify. A lone secret counts as key "1".
    secret_key: str = Field(repr=False)
    environment: Literal["development", "production"] = "development"

    mailer: Literal["capture", "smtp", "mailjet"] = "capture"
    mail_from: str = "portal@gatehouse.example"
    smtp_url: str = Field(default="smtp://127.0.0.1:25", repr=False)
    mailjet_api_key: str = Field(default="", repr=False)
    mailjet_secret_key: str = Field(default="", repr=False)
    mailjet_webhook_login: str = Field(default="", repr=False)  # "name:password" of the event URL; empty: no events
    mailjet_api_base: str = ""  # empty: Mailjet itself; else a stand-in on the loopback, for tests
    document_engine: Literal["auto", "wkhtmltopdf", "weasyprint"] = "auto"  # auto: wkhtmltopdf where it is installed
    wkhtmltopdf: str = "wkhtmltopdf"  # the program's name or path
    document_libraries: str = ""  # colon-separated folders of Pango for WeasyPrint; empty: the system's
    document_fonts: str = ""  # a fontconfig file for WeasyPrint; empty: the system's

    # Stripe, for marketplaces whose gateway is "stripe"; one account a deployment.
    stripe_secret_key: str = Field(default="", repr=False)  # sk_live_…, sk_test_…, or a restricted rk_…
    stripe_webhook_secrets: str = Field(default="", repr=False)  # whsec_…, comma-separated: two while one is replaced
    stripe_api_base: str = ""  # empty: Stripe itself; else a stand-in, for tests

    # Lets webhook endpoints be http:// and lie inside (loopback, private networks). For development; never link-local.
    allow_private_webhooks: bool = False

    # The key that signs checkpoints of the log (Ed25519, PEM), itself or its file; for the workers of the queue sweeps.
    audit_key: str = Field(default="", repr=False)
    audit_key_file: str = ""
    seal_every_minutes: int = Field(default=60, ge=1, le=60)
    # Where checkpoints are published; empty: not there.
    audit_directory: str = ""
    audit_bucket: str = ""  # of an S3-compatible object store; credentials as boto3 finds them
    audit_s3_endpoint: str = ""  # empty: Amazon's
    audit_retention_days: int = Field(default=3650, ge=1)  # for which the store lets nobody delete
    audit_email: Literal["none", "daily", "each"] = "daily"  # to the marketplace's auditors
    # Full months of the log that `audit retire` leaves.
    log_kept_months: int = Field(default=13, ge=1, le=MOST_KEPT_MONTHS)

    trusted_proxies: str = ""  # comma-separated networks whose X-Forwarded-For is believed
    # limits of PRODUCT.md 1.10 and 2.4
    links_per_hour: int = Field(default=5, ge=1)  # per customer and marketplace
    link_requests_per_hour: int = Field(default=30, ge=1)  # per client address
    redemptions_per_minute: int = Field(default=20, ge=1)  # per client address
    card_attempts_per_hour: int = Field(default=5, ge=1)  # per subscription
    card_attempts_per_client_hour: int = Field(default=20, ge=1)  # per client address

    _clean_database_url = field_validator("database_url")(setting_rules.database_url)
    _clean_redis_url = field_validator("redis_url")(setting_rules.redis_url)
    _clean_public_url = field_validator("public_url")(setting_rules.public_url)
    _clean_smtp_url = field_validator("smtp_url")(setting_rules.smtp_url)
    _clean_mail_from = field_validator("mail_from")(setting_rules.mail_address)
    _clean_bases = field_validator("mailjet_api_base", "stripe_api_base", "audit_s3_endpoint")(
        setting_rules.optional_url
    )
    _clean_login = field_validator("mailjet_webhook_login")(setting_rules.login)
    _clean_files = field_validator("audit_key_file", "document_fonts")(setting_rules.readable_file)
    _clean_proxies = field_validator("trusted_proxies")(setting_rules.networks)

    @field_validator("secret_key")
    @classmethod
    def _clean_secret_key(cls, text: str) -> str:
        setting_rules.server_keys(text)
        return text

    @field_validator("stripe_secret_key")
    @classmethod
    def _clean_stripe_key(cls, text: str) -> str:
        if text and not _STRIPE_KEY.fullmatch(text):
            raise ValueError("must be a secret or restricted key of Stripe, sk_… or rk_…")
        return text

    @field_validator("stripe_webhook_secrets")
    @classmethod
    def _clean_stripe_secrets(cls, text: str) -> str:
        if text and not _STRIPE_SECRETS.fullmatch(text):
            raise ValueError("must be signing secrets of Stripe, whsec_…, comma-separated")
        return text

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.mailer == "mailjet" and not (self.mailjet_api_key and self.mailjet_secret_key):
            raise ValueError("MAILER=mailjet needs MAILJET_API_KEY and MAILJET_SECRET_KEY")
        if self.audit_key and self.audit_key_file:
            raise ValueError("AUDIT_KEY and AUDIT_KEY_FILE are both set: leave one out")
        return self

    @property
    def secure_cookies(self) -> bool:
        """Cookies are Secure everywhere but in development, which has no TLS."""
        return self.environment != "development"


class SettingsInvalid(Exception):
    """Raised when settings are missing or break their rules; the message has one line for each."""


@lru_cache
def settings() -> Settings:
    """Returns the process's settings. Raises SettingsInvalid naming each variable that is missing or wrong."""
    problems = load_secret_files()
    try:
        read = Settings()  # pyright: ignore[reportCallIssue]  # the values come from the environment
    except ValidationError as invalid:
        problems += [_sentence(error) for error in invalid.errors(include_url=False)]
    else:
        if not problems:
            return read
    raise SettingsInvalid("\n".join(problems))


def check_process_settings() -> Settings:
    """Returns the settings of an API, dispatcher or worker, which need both servers. Raises SettingsInvalid."""
    read = settings()
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not getattr(read, name.lower())]
    if missing:
        raise SettingsInvalid("\n".join(f"{name} is missing: set it, or {name}_FILE." for name in missing))
    return read


def _sentence(error: ErrorDetails) -> str:
    """`NAME must be …. Given: 'x'.`, the value only where it is no secret."""
    if not error["loc"]:
        return f"{_rule(error)}."
    name = str(error["loc"][0]).upper()
    if error["type"] == "missing":
        return f"{name} is missing: set it, or {name}_FILE."
    given = "" if name in _NEVER_SHOWN else f" Given: {str(error['input'])[:80]!r}."
    return f"{name} {_rule(error)}.{given}"


def _rule(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    if error["type"] == "literal_error":
        return f"must be one of {str(context['expected']).replace(chr(39), '')}"
    if rule := _RULES.get(error["type"]):
        return rule.format(**context)
    return error["msg"][:1].lower() + error["msg"][1:]
