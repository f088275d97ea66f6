"""What routes answer, as types. A route names its type for the OpenAPI document; tests hold real answers against it.

Answers are plain dictionaries: a TypedDict costs nothing when one is made, and mypy checks what is written into it.
"""
from collections.abc import Mapping
from functools import cache
from typing import Any, NotRequired

from pydantic import ConfigDict, WithJsonSchema
from typing_extensions import TypedDict

__all__ = ["X_OF", "Fault", "NotRequired", "Problem", "Title", "TypedDict", "elsewhere", "listed", "paged"]

Title = Mapping[str, str]
"""Words per language: `{en, zh}`."""
X_OF = "x-of"
"""In a schema: the name of one that another service's document describes. The gateway puts the reference there."""


class Fault(TypedDict):
    """One thing that is wrong: a stable code, a JSON pointer to where, words for people, values for translations."""

    code: str
    pointer: str
    message: str
    params: dict[str, Any]


class Problem(TypedDict):
    """RFC 9457. Some codes carry more, under names of their own."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    type: str
    title: str
    status: int
    code: str
    detail: NotRequired[str]
    errors: list[Fault]


_made: Any = TypedDict


@cache
def paged(item: type) -> Any:
    """A page of a list: `{items, next}`; `next` is the cursor of the following one."""
    return _made(f"{item.__name__}Page", {"items": list[item], "next": str | None})  # type: ignore[valid-type]


@cache
def listed(item: type) -> Any:
    """A list that comes whole: `{items}`."""
    return _made(f"{item.__name__}List", {"items": list[item]})  # type: ignore[valid-type]


def elsewhere(name: str) -> WithJsonSchema:
    """For `Annotated`: what another service's document calls by this name."""
    return WithJsonSchema({X_OF: name})
