"""Who asks, and which records they may see: sealed by the gateway, opened by a service, applied where it reads."""
from chassis.http.access.scope import (
    EVERYTHING,
    NOTHING,
    Access,
    Scope,
    access,
    narrowed,
    principal,
    seeing,
    seeing_everything,
)
from chassis.http.access.sealed_identity import HEADER, BadSeal, Seal, TooWide, seal_of

__all__ = [
    "EVERYTHING", "HEADER", "NOTHING", "Access", "BadSeal", "Scope", "Seal", "TooWide", "access", "narrowed",
    "principal", "seal_of", "seeing", "seeing_everything",
]
