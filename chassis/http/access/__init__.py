"""Caller and row scope of a request: sealed by the gateway, verified by a service, applied to every read."""
from chassis.http.access.scope import (
    EVERYTHING,
    NOTHING,
    Access,
    Scope,
    current_access,
    current_principal,
    narrow,
    unrestricted_access,
    use_access,
)
from chassis.http.access.sealed_identity import HEADER, IdentitySealer, InvalidSeal, ScopeTooLarge, sealer_from_settings

__all__ = [
    "EVERYTHING",
    "HEADER",
    "NOTHING",
    "Access",
    "IdentitySealer",
    "InvalidSeal",
    "Scope",
    "ScopeTooLarge",
    "current_access",
    "current_principal",
    "narrow",
    "sealer_from_settings",
    "unrestricted_access",
    "use_access",
]
