"""Every setting, read from `TRIPTYCH_*` environment variables. Unset means: embedded, on loopback."""
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.support.errors import ActionableError

HERE, SHIPPED = Path("definitions"), Path(__file__).parents[2] / "definitions"
FIRST_PORT = 8081  # APIs of the services, by their `port_offset`; management ports are 1000 higher


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TRIPTYCH_", extra="ignore", frozen=True)

    kafka: str | None = Field(default=None, description="Bootstrap servers; unset: the embedded log")
    kafka_copies: int | None = Field(
        default=None, ge=1, description="Brokers that hold each record; unset: 3, on loopback all there are")
    mongo: str | None = Field(default=None, description="URL of a MongoDB-compatible store; unset: the embedded store")
    mongo_driver: Literal["motor", "pymongo"] = "motor"
    mongo_database: str = "triptych"
    data_dir: Path = Path(".data")
    definitions: Path = Field(
        default_factory=lambda: HERE if HERE.is_dir() else SHIPPED,
        description="Unset: ./definitions, where there is none those that came with the package")
    http: str = Field(default="127.0.0.1:8080", description="host:port of the public door")
    timezone: str | None = Field(default=None, description="Company zone; unset: the one of definitions/calendar.yaml")
    effects_within: timedelta = Field(default=timedelta(days=7), description="Older events on arrival are history")
    sync: Literal["normal", "full"] = Field(default="normal", description="full: survives a power cut too; slower")
    secret: str | None = Field(default=None, description="Signs survey links; unset: made in the data directory")
    internal_secret: SecretStr | None = Field(
        default=None, description="Seals requests between gateway and services: `new` or `new,old`; unset: made in the "
                                  "data directory")
    public_url: str | None = Field(default=None, description="How browsers reach the door; unset: http://TRIPTYCH_HTTP")
    oidc_issuer: str | None = Field(default=None, description="URL of the OpenID Connect provider that signs people in")
    oidc_audience: str | None = Field(default=None, description="What access tokens must be made for")
    oidc_client_id: str | None = Field(default=None, description="For sign-in in the browser; unset: tokens only")
    oidc_client_secret: SecretStr | None = Field(default=None, description="Of a confidential client")
    oidc_scopes: str = "openid profile email"
    oidc_roles_claim: str = Field(default="roles", description="Where tokens name roles, with dots for nested claims; "
                                  "absent from a token: the organisation's roles of the employee count")
    oidc_login_claim: str = Field(default="email", description="What is compared with the `login` of employees")
    oidc_longest: timedelta = Field(default=timedelta(hours=1), description="Tokens that live longer are refused")
    rate_limit: int = Field(default=6000, ge=1, description="Requests per minute of one caller")
    audit_days: int = Field(default=400, ge=1, description="Days for which the audit log is kept")
    live_streams: int = Field(default=8, ge=1, description="Live streams of one caller at the same time")
    api_key: SecretStr | None = Field(default=None, description="Presented by the command line to the door")
    trusted_sources: str = Field(default="", description="Sources (comma-separated) whose actor_id counts")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    audit_seconds: float = Field(default=300.0, ge=1.0, description="How often each service audits itself")
    batch: int = Field(default=2_000, ge=1, le=10_000, description="Records taken from the log at once, at most")
    session: float | None = Field(
        default=None, ge=0.3, le=600, description="Seconds until a silent member is dead; unset: 6, on Kafka 45")
    instance: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9._-]{1,200}$", description="What this process is called, now and when it is "
        "started again, and no other of its service at the same time: on Kafka it then goes on at once after a kill, "
        "without waiting until its session has passed; `triptych up` gives one to each")
    keep_days: str = Field(default="", description="Days that the log keeps its records; unset: for ever")
    first_port: int = Field(default=FIRST_PORT, description="First port of the services' own APIs")

    service_urls: Mapping[str, str] = Field(
        default_factory=lambda: _service_urls(), description="Base URLs by service, from TRIPTYCH_<SERVICE>_URL; a "
                                                             "service without one is reached on loopback")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError):
                raise ValueError(f"{value!r} is no IANA time zone such as Europe/Berlin or Asia/Shanghai") from None
        return value

    @field_validator("keep_days")
    @classmethod
    def _bounds(cls, value: str) -> str:
        from chassis.support.retention_bounds import parse_bounds

        parse_bounds(value)
        return value

    def credentials(self) -> dict[str, str]:
        """What the command line shows at the door: TRIPTYCH_API_KEY, if there is one."""
        return {} if self.api_key is None else {"Authorization": f"Bearer {self.api_key.get_secret_value()}"}


def _service_urls() -> dict[str, str]:
    """{name: URL} of every such variable; a name that no service has is never looked up."""
    named = {re.fullmatch(r"TRIPTYCH_(\w+)_URL", name.upper()): value for name, value in os.environ.items()}
    return {match[1].lower(): value for match, value in named.items() if match}


class InvalidSettings(ActionableError, ValueError):
    """Environment variables have values that are not allowed; the message names each."""


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process. Raises InvalidSettings."""
    try:
        return Settings()
    except ValidationError as error:
        raise InvalidSettings(" ".join(map(_invalid, error.errors()))) from None


def _invalid(error: ErrorDetails) -> str:
    name = f"TRIPTYCH_{'_'.join(map(str, error['loc'])).upper()}"
    return f"{name}={error['input']}: {error['msg'].removeprefix('Value error, ')}."
