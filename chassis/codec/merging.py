"""RFC 7396: a patch changes what it names."""
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, get_type_hints

import msgspec

from chassis.codec.plain import plain_object
from chassis.codec.writing import plain_event


def merge(old: Any, patch: Any) -> Any:
    """`old` (a mapping of wire names, or a dataclass) after the patch: null removes, objects merge, the rest replaces.

    A mapping gives a new dict of builtins; a dataclass a new one of its class (a removed field becomes None). Fields
    of the patch that a dataclass does not have are ignored.
    """
    sent = plain_event(patch)
    if isinstance(old, Mapping):
        return merge_json(old, msgspec.to_builtins(sent))
    known = {f.name for f in fields(old)}
    before = {name: value for name, value in plain_object(old).items() if name in sent and name in known}
    after = merge_json(before, {name: value for name, value in sent.items() if name in known})
    hints = get_type_hints(type(old), include_extras=True)
    changed = {
        name: msgspec.convert(msgspec.to_builtins(after.get(name)), hints[name]) for name in sent if name in known
    }
    return replace(old, **changed)


def merge_json(old: Any, patch: Any) -> Any:
    """RFC 7396 over builtins; neither argument is changed."""
    if not isinstance(patch, Mapping):
        return patch
    made = dict(old) if isinstance(old, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merge_json(made.get(name), value)
    return made
