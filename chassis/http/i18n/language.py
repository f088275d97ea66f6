"""The language of the request that is being answered."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

LANGUAGES = ("en", "zh")
DEFAULT = LANGUAGES[0]
LONGEST = 500
_language: ContextVar[str] = ContextVar("language", default=DEFAULT)


def language() -> str:
    return _language.get()


@contextmanager
def speaking(name: str) -> Iterator[None]:
    token = _language.set(name)
    try:
        yield
    finally:
        _language.reset(token)


def preferred(accepted: str | None, languages: Sequence[str] = LANGUAGES) -> str:
    """The first that `Accept-Language` takes, by its weights; else the first there is."""
    for name in _by_weight(accepted or ""):
        for known in languages:
            if known.lower() == name or known.lower().split("-")[0] == name.split("-")[0]:
                return known
    return languages[0]


def _by_weight(accepted: str) -> list[str]:
    weighed = []
    for part in accepted[:LONGEST].lower().split(","):
        name, _, rest = part.strip().partition(";")
        weighed.append((-_weight(rest), name))
    return [name for weight, name in sorted(weighed, key=lambda pair: pair[0]) if name and weight < 0]


def _weight(text: str) -> float:
    try:
        return float(text.strip().removeprefix("q=")) if text else 1.0
    except ValueError:
        return 0.0
