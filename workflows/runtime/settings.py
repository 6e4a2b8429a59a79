"""The deployment's settings, from the environment. What a merchant sets is a column of marketplace instead."""

import re
from functools import lru_cache
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MOST_KEPT_MONTHS = 1200  # a hundred years: longer than any book is kept, and within the calendar
_LOGIN = re.compile(r"[^:\s]+:\S{16,}")  # of HTTP Basic, which knows no colon in a name


class Settings(BaseSettings):
    """Read once per process; a missing or wrong value stops it with the variable's name."""

    # Its errors name the variable, never what stands in it: half of these are secrets.
    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True)

    database_url: str = ""  # libpq URL, as the role gatehouse_app
    redis_url: str = ""
    public_url: str = "http://127.0.0.1:8000"  # what every link is built from, never the request
    # "id:secret,id:secret": the first key signs, all of them verify. A lone secret counts as key "1".
    secret_key: str = Field(min_length=32)
    environment: Literal["development", "production"] = "development"

    mailer: Literal["capture", "smtp", "mailjet"] = "capture"
    mail_from: str = "portal@gatehouse.example"
    smtp_url: str = "smtp://127.0.0.1:25"
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

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.mailer == "mailjet" and not (self.mailjet_api_key and self.mailjet_secret_key):
            raise ValueError("MAILER=mailjet needs MAILJET_API_KEY and MAILJET_SECRET_KEY")
        if self.mailjet_webhook_login and not _LOGIN.fullmatch(self.mailjet_webhook_login):
            raise ValueError("MAILJET_WEBHOOK_LOGIN must be name:password, the password of 16 characters at least")
        return self

    @property
    def secure_cookies(self) -> bool:
        """Cookies are Secure everywhere but in development, which has no TLS."""
        return self.environment != "development"


@lru_cache
def settings() -> Settings:
    """The process's settings. Raises pydantic.ValidationError naming each variable that is missing or wrong."""
    return Settings()  # pyright: ignore[reportCallIssue]  # the values come from the environment
