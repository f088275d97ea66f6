"""Taking one fence out of the real code, as text: what is no longer there to be taken out is a loud failure."""
import inspect
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cut:
    """In the function `name` of `owner` (a class or a module), this piece of text becomes another one."""

    owner: Any
    name: str
    fence: str
    instead: str

    @property
    def where(self) -> str:
        module = getattr(self.owner, "__module__", None)
        if module is None:
            return f"{self.owner.__name__}.{self.name}"
        return f"{module}.{self.owner.__qualname__}.{self.name}"


@contextmanager
def cut(cuts: Sequence[Cut]) -> Iterator[None]:
    """All of them at once."""
    functions: dict[tuple[Any, str], list[Cut]] = {}
    for each in cuts:
        functions.setdefault((each.owner, each.name), []).append(each)
    with ExitStack() as stack:
        for (owner, name), its in functions.items():
            stack.enter_context(_without(owner, name, its))
        yield


@contextmanager
def _without(owner: Any, name: str, cuts: Sequence[Cut]) -> Iterator[None]:
    whole = getattr(owner, name)
    text = inspect.getsource(whole)
    for each in cuts:
        found = text.count(each.fence)
        assert found == 1, f"{each.where} holds this {found} times, not once. Where did the fence go? {each.fence!r}"
        text = text.replace(each.fence, each.instead)
    made: dict[str, Any] = {}
    code = compile(textwrap.dedent(text), inspect.getsourcefile(whole) or "", "exec")
    exec(code, vars(sys.modules[whole.__module__]), made)
    setattr(owner, name, made[whole.__name__])
    try:
        yield
    finally:
        setattr(owner, name, whole)
