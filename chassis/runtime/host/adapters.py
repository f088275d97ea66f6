"""Chooses the adapters of `Bus` and `Store` from the settings; the only place that imports them."""
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from chassis.domain.definitions import Definition, Definitions, read_directory
from chassis.ports import Bus, Store
from chassis.runtime.application import group_of
from chassis.service.discovery import internal_services
from chassis.support.settings import Settings

DATABASE = "triptych.db"


def consumer_groups_by_topic() -> dict[str, list[str]]:
    """{topic: groups of the services that consume it}."""
    groups: dict[str, list[str]] = {}
    for service in internal_services():
        for topic in service.topics:
            groups.setdefault(topic, []).append(group_of(service.name))
    return groups


def open_bus(settings: Settings) -> Bus:
    """Kafka when its address is set, else the embedded log. Not started yet."""
    if settings.kafka:
        from chassis.adapters.kafka import KafkaBus

        return KafkaBus(settings.kafka, session=settings.session or 45.0, instance=settings.instance,
                        copies=settings.kafka_copies)
    from chassis.adapters.sqlite import SqliteBus

    session = settings.session or 6.0
    return SqliteBus(database_file(settings), sync=settings.sync, heartbeat=session / 3, session=session)


def open_store(settings: Settings, bus: Bus | None = None) -> Store:
    """MongoDB when its URL is set, else the embedded store, in one file and one writer with an embedded log."""
    if settings.mongo:
        from chassis.adapters.mongo import MongoStore

        return MongoStore(settings.mongo, settings.mongo_database, settings.mongo_driver)
    from chassis.adapters.sqlite import SqliteBus, SqliteStore

    shared = bus.database if isinstance(bus, SqliteBus) else database_file(settings)
    return SqliteStore(shared, sync=settings.sync)


def database_file(settings: Settings) -> Path:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings.data_dir / DATABASE


def load_definitions(settings: Settings) -> Definitions:
    """The definitions of the files; TRIPTYCH_TIMEZONE, if set, replaces the company zone."""
    definitions = read_directory(settings.definitions)
    if settings.timezone is None:
        return definitions
    current = [d for kind in definitions.kinds() for d in definitions.current(kind)]
    return Definitions(_with_zone(definition, settings.timezone) for definition in current)


def _with_zone(definition: Definition, zone: str) -> Definition:
    if definition.kind != "calendar":
        return definition
    return replace(definition, body={**definition.body, "timezone": zone})


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[tuple[Bus, Store]]:
    """Log and store, started; stopped in reverse order."""
    bus = open_bus(settings)
    store = open_store(settings, bus)
    await bus.start()
    try:
        await store.start()
        try:
            yield bus, store
        finally:
            await store.stop()
    finally:
        await bus.stop()
