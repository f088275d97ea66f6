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
        default=None, ge=1, description="Replicas of each record; unset: 3, on loopback the number of brokers")
    mongo: str | None = Field(default=None, description="URL of a MongoDB-compatible store; unset: the embedded store")
    mongo_driver: Literal["motor", "pymongo"] = "motor"
    mongo_database: str = "triptych"
    data_dir: Path = Path(".data")
    definitions: Path = Field(
        default_factory=lambda: HERE if HERE.is_dir() else SHIPPED,
        description="Directory of definitions; unset: ./definitions if it exists, else those of the package")
    http: str = Field(default="127.0.0.1:8080", description="host:port of the gateway, the public address")
    timezone: str | None = Field(default=None, description="Company zone; unset: the one of definitions/calendar.yaml")
    effects_within: timedelta = Field(default=timedelta(days=7), description="Older events are history on arrival")
    sync: Literal["normal", "full"] = Field(default="normal", description="full: survives a power cut too; slower")
    secret: str | None = Field(default=None, description="Signs survey links; unset: created in the data directory")
    internal_secret: SecretStr | None = Field(
        default=None, description="Signs requests from the gateway to services: `new` or `new,old`; unset: created in "
                                  "the data directory")
    public_url: str | None = Field(default=None, description="URL of the gateway for browsers; unset: http://TRIPTYCH_HTTP")
    oidc_issuer: str | None = Field(default=None, description="URL of the OpenID Connect provider that signs people in")
    oidc_audience: str | None = Field(default=None, description="Audience that access tokens must have")
    oidc_client_id: str | None = Field(default=None, description="For sign-in in the browser; unset: tokens only")
    oidc_client_secret: SecretStr | None = Field(default=None, description="Secret of a confidential client")
    oidc_scopes: str = "openid profile email"
    oidc_roles_claim: str = Field(default="roles", description="Claim with the roles, with dots for nested claims; a "
                                  "token without it: the roles of the employee in the organisation directory")
    oidc_login_claim: str = Field(default="email", description="Claim that is compared with the `login` of employees")
    oidc_longest: timedelta = Field(default=timedelta(hours=1), description="Longest lifetime of an accepted token")
    rate_limit: int = Field(default=6000, ge=1, description="Requests per minute of one caller")
    audit_days: int = Field(default=400, ge=1, description="Days for which the audit log is kept")
    live_streams: int = Field(default=8, ge=1, description="Live streams of one caller at the same time")
    api_key: SecretStr | None = Field(default=None, description="API key that the command line sends to the gateway")
    trusted_sources: str = Field(default="", description="Sources (comma-separated) whose actor_id is trusted")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    audit_seconds: float = Field(default=300.0, ge=1.0, description="Seconds between two integrity audits of a service")
    batch: int = Field(default=2_000, ge=1, le=10_000, description="Maximum number of records per poll")
    session: float | None = Field(
        default=None, ge=0.3, le=600, description="Session timeout of a group member in seconds; unset: 6, on Kafka 45")
    instance: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9._-]{1,200}$", description="Static member name of this process, the same "
        "after a restart and unique within its service: on Kafka a restarted process continues without waiting for the "
        "session timeout; `triptych up` assigns one to each process")
    keep_days: str = Field(default="", description="Retention of the log: `30` or `topic=30,…`; unset: unlimited")
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
                raise ValueError(
                    f"{value!r} must be an IANA time zone such as Europe/Berlin or Asia/Shanghai") from None
        return value

    @field_validator("keep_days")
    @classmethod
    def _bounds(cls, value: str) -> str:
        from chassis.support.retention_bounds import parse_bounds

        parse_bounds(value)
        return value

    def credentials(self) -> dict[str, str]:
        """Request headers of the command line: a bearer token of TRIPTYCH_API_KEY, if it is set."""
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
