"""Response schemas shared by all services.

A route names its schema for the OpenAPI document, and tests validate real responses against it. Responses are plain
dictionaries: a TypedDict costs nothing at run time, and mypy checks what is written into it.
"""
from collections.abc import Mapping
from functools import cache
from typing import Any, NotRequired

from pydantic import ConfigDict, WithJsonSchema
from typing_extensions import TypedDict

__all__ = [
    "X_OF",
    "FieldErrorBody",
    "NotRequired",
    "ProblemBody",
    "Title",
    "TypedDict",
    "list_schema",
    "page_schema",
    "schema_reference",
]

Title = Mapping[str, str]
"""Text per language: `{en, zh}`."""
X_OF = "x-of"
"""Schema key that names a schema of another service; the gateway replaces it with a reference."""


class FieldErrorBody(TypedDict):
    """One error: a stable code, a JSON pointer to its place, a message, and the values used in translations."""

    code: str
    pointer: str
    message: str
    params: dict[str, Any]


class ProblemBody(TypedDict):
    """RFC 9457 problem. Some codes add members of their own."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    type: str
    title: str
    status: int
    code: str
    detail: NotRequired[str]
    errors: list[FieldErrorBody]


_typed_dict: Any = TypedDict


@cache
def page_schema(item: type) -> Any:
    """Schema of one page: `{items, next}`; `next` is the cursor of the following page."""
    return _typed_dict(f"{item.__name__}Page", {"items": list[item], "next": str | None})  # type: ignore[valid-type]


@cache
def list_schema(item: type) -> Any:
    """Schema of a complete list: `{items}`."""
    return _typed_dict(f"{item.__name__}List", {"items": list[item]})  # type: ignore[valid-type]


def schema_reference(name: str) -> WithJsonSchema:
    """For `Annotated`: refers to a schema in another service's document by its name."""
    return WithJsonSchema({X_OF: name})
