"""JSON Merge Patch (RFC 7396)."""
from collections.abc import Mapping
from typing import Any

import msgspec

from chassis.messages.codec.encoder import patch_fields, to_wire
from chassis.messages.codec.introspection import type_of
from contracts.kinds import fields_of


def merge(old: Any, patch: Any) -> Any:
    """`old` (a mapping of wire names, or a contract) after the patch: null removes, objects merge, the rest replaces.

    A mapping gives a new dict of builtins; a contract a new one of its class (a removed field becomes None). Fields
    of the patch that a contract does not have are ignored.
    """
    sent = patch_fields(patch)
    if isinstance(old, Mapping):
        return merge_json(old, to_wire(patch))
    known = {f.name: f.hint for f in fields_of(type_of(old))}
    before = {name: value for name, value in msgspec.to_builtins(old).items() if name in sent and name in known}
    after = merge_json(before, {name: value for name, value in sent.items() if name in known})
    changed = {
        name: msgspec.convert(msgspec.to_builtins(after.get(name)), known[name]) for name in sent if name in known
    }
    return msgspec.structs.replace(old, **changed)


def merge_json(old: Any, patch: Any) -> Any:
    """RFC 7396 over builtins; neither argument is changed."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(old) if isinstance(old, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_json(merged.get(name), value)
    return merged
