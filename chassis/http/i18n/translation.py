"""Translates messages by code and values. English is the text given where the refusal is raised."""
from collections.abc import Mapping, Sequence
from typing import Any

from chassis.http.i18n import chinese
from chassis.http.i18n.language import DEFAULT, LANGUAGES, language

OWN_MESSAGE = "says"
"""Key among the values: the whole message per language, from a definition."""
CATALOGUE: Mapping[str, Mapping[str, Sequence[str]]] = {"zh": chinese.WORDS}
"""Language -> code -> templates, most specific first; the first one whose values are all present is used."""


def localized(titles: Mapping[str, str] | None, otherwise: str = "") -> str:
    """The text of a definition in the current language, else in the first language that it has."""
    if not titles:
        return otherwise
    return titles.get(language()) or titles.get(DEFAULT) or next(iter(titles.values()))


def translate(code: str, message: str, values: Mapping[str, Any] | None = None, otherwise: str = "") -> str:
    """`message` in the current language; unchanged when there is no template for the code nor for `otherwise`."""
    values = values or {}
    if isinstance(own := values.get(OWN_MESSAGE), Mapping):
        return localized(own, message)
    templates = CATALOGUE.get(language())
    if templates is None:
        return message
    texts = {name: _text(value) for name, value in values.items() if value is not None}
    for name in (f"{code}.{values.get('type')}", code, otherwise):
        for template in templates.get(name, ()):
            try:
                return template.format(**texts)
            except KeyError:
                continue
    return message


def _text(value: Any) -> Any:
    if isinstance(value, Mapping) and value and set(value) <= set(LANGUAGES):
        return localized(value)
    return "、".join(map(str, value)) if isinstance(value, list | tuple) else value
