"""A message by its code and values, in a language. English is what the code says where it refuses."""
from collections.abc import Mapping, Sequence
from typing import Any

from chassis.http.i18n import chinese
from chassis.http.i18n.language import DEFAULT, LANGUAGES, language

SAYS = "says"
"""Among the values: the whole message as a definition words it, per language."""
CATALOGUE: Mapping[str, Mapping[str, Sequence[str]]] = {"zh": chinese.WORDS}
"""Language -> code -> templates, the one that says most first: the first whose values are all there is taken."""


def titled(titles: Mapping[str, str] | None, otherwise: str = "") -> str:
    """Words that a definition gives per language, in the one asked for, else in the first that it gives."""
    if not titles:
        return otherwise
    return titles.get(language()) or titles.get(DEFAULT) or next(iter(titles.values()))


def said(code: str, message: str, values: Mapping[str, Any] | None = None, otherwise: str = "") -> str:
    """`message` in the language asked for; as it is when that has no words for the code, nor for `otherwise`."""
    values = values or {}
    if isinstance(own := values.get(SAYS), Mapping):
        return titled(own, message)
    words = CATALOGUE.get(language())
    if words is None:
        return message
    told = {name: _told(value) for name, value in values.items() if value is not None}
    for name in (f"{code}.{values.get('type')}", code, otherwise):
        for template in words.get(name, ()):
            try:
                return template.format(**told)
            except KeyError:
                continue
    return message


def _told(value: Any) -> Any:
    if isinstance(value, Mapping) and value and set(value) <= set(LANGUAGES):
        return titled(value)
    return "、".join(map(str, value)) if isinstance(value, list | tuple) else value
