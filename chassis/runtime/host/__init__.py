"""Composition root: chooses adapters, binds ports, starts, drains and stops services."""
from chassis.runtime.host.adapters import (
    DATABASE,
    consumer_groups_by_topic,
    database_file,
    load_definitions,
    open_bus,
    open_ports,
    open_store,
)
from chassis.runtime.host.http_server import PortInUse, bind, check_ports
from chassis.runtime.host.process import (
    VERSION,
    configure_logs,
    run_process,
    serve_public,
    serve_service,
    tune_garbage_collector,
)

__all__ = (
    "DATABASE",
    "VERSION",
    "PortInUse",
    "bind",
    "check_ports",
    "configure_logs",
    "consumer_groups_by_topic",
    "database_file",
    "load_definitions",
    "open_bus",
    "open_ports",
    "open_store",
    "run_process",
    "serve_public",
    "serve_service",
    "tune_garbage_collector",
)
