"""Every setting, read from `TRIPTYCH_*` environment variables. Unset means: embedded, on loopback."""
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SERVICES = ("lead_scoring", "pipeline", "segmentation", "surveys", "kpi")
FIRST_PORT = 8081  # APIs of the services, in the order above; management ports are 1000 higher


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TRIPTYCH_", extra="ignore", frozen=True)

    kafka: str | None = Field(default=None, description="Bootstrap servers; unset: the embedded log")
    kafka_copies: int | None = Field(
        default=None, ge=1, description="Brokers that hold each record; unset: 3, on loopback all there are")
    mongo: str | None = Field(default=None, description="URL of a MongoDB-compatible store; unset: the embedded store")
    mongo_driver: Literal["motor", "pymongo"] = "motor"
    mongo_database: str = "triptych"
    data_dir: Path = Path(".data")
    definitions: Path = Path("definitions")
    http: str = Field(default="127.0.0.1:8080", description="host:port of the public door")
    timezone: str | None = Field(default=None, description="Company zone; unset: the one of definitions/calendar.yaml")
    effects_within: timedelta = Field(default=timedelta(days=7), description="Older events on arrival are history")
    sync: Literal["normal", "full"] = Field(default="normal", description="full: survives a power cut too; slower")
    secret: str | None = Field(default=None, description="Signs survey links; unset: made in the data directory")
    trusted_sources: str = Field(default="", description="Sources (comma-separated) whose actor_id counts")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    batch: int = Field(default=500, ge=1, le=10_000, description="Records taken from the log at once")
    session: float | None = Field(
        default=None, ge=0.3, le=600, description="Seconds until a silent member is dead; unset: 6, on Kafka 45")
    first_port: int = Field(default=FIRST_PORT, description="First port of the services' own APIs")

    lead_scoring_url: str | None = None
    pipeline_url: str | None = None
    segmentation_url: str | None = None
    surveys_url: str | None = None
    kpi_url: str | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError):
                raise ValueError(f"{value!r} is no IANA time zone such as Europe/Berlin or Asia/Shanghai") from None
        return value

    def port(self, service: str) -> int:
        return self.first_port + SERVICES.index(service)

    def management_port(self, service: str) -> int:
        """`/livez /readyz /startupz /metrics /version`: apart from the API; the gateway's is the last."""
        return self.first_port + 1000 + (SERVICES.index(service) if service in SERVICES else len(SERVICES))

    def url(self, service: str) -> str:
        explicit: str | None = getattr(self, f"{service}_url")
        return explicit or f"http://127.0.0.1:{self.port(service)}"


@lru_cache(maxsize=1)
def settings() -> Settings:
    return Settings()
