"""Texts for people in the language of the request: titles of definitions and messages of refusals.

A refusal carries a stable code, its values and an English message; the log stores these. The HTTP layer translates the
message by the template of its code in the requested language, filled with the values.
"""
from chassis.http.i18n.language import DEFAULT, LANGUAGES, language, negotiate_language, use_language
from chassis.http.i18n.translation import CATALOGUE, localized, translate

__all__ = [
    "CATALOGUE",
    "DEFAULT",
    "LANGUAGES",
    "language",
    "localized",
    "negotiate_language",
    "translate",
    "use_language",
]
