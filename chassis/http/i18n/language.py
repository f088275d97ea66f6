"""Language of the current request."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

LANGUAGES = ("en", "zh")
DEFAULT = LANGUAGES[0]
MAX_LENGTH = 500
_language: ContextVar[str] = ContextVar("language", default=DEFAULT)


def language() -> str:
    return _language.get()


@contextmanager
def use_language(name: str) -> Iterator[None]:
    token = _language.set(name)
    try:
        yield
    finally:
        _language.reset(token)


def negotiate_language(accepted: str | None, languages: Sequence[str] = LANGUAGES) -> str:
    """The best of `languages` for an `Accept-Language` header by its weights; the first one if none matches."""
    for name in _by_weight(accepted or ""):
        for known in languages:
            if known.lower() == name or known.lower().split("-")[0] == name.split("-")[0]:
                return known
    return languages[0]


def _by_weight(accepted: str) -> list[str]:
    weighted = []
    for part in accepted[:MAX_LENGTH].lower().split(","):
        name, _, rest = part.strip().partition(";")
        weighted.append((-_weight(rest), name))
    return [name for weight, name in sorted(weighted, key=lambda pair: pair[0]) if name and weight < 0]


def _weight(text: str) -> float:
    try:
        return float(text.strip().removeprefix("q=")) if text else 1.0
    except ValueError:
        return 0.0
