"""`Expression`, `Criterion` and the error of a text that is neither."""
from collections.abc import Callable, Mapping
from typing import Any


class CriterionError(ValueError):
    """Invalid text of an expression; `position` is the character, from 1, at which it is invalid.

    `code`, `template` and `params` make the message, in English or another language.
    """

    def __init__(self, code: str, template: str, position: int = 1, **params: Any) -> None:
        self.code, self.template, self.position = code, f"{template} (at character {{position}})", position
        self.params = params
        super().__init__(self.template.format(**_shown(params), position=position))


class Expression:
    """A checked expression. `names`: the dotted names it looks up. Two of the same text are equal."""

    __slots__ = ("_run", "names", "text")

    def __init__(self, text: str, names: frozenset[str], run: Callable[[Mapping[str, Any]], Any]) -> None:
        self.text, self.names, self._run = text, names, run

    def evaluate(self, fields: Mapping[str, Any]) -> Any:
        """Its value for these fields; never raises. None: missing, of the wrong type, or not computable."""
        return self._run(fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


class Criterion(Expression):
    """An expression as a condition. It is met when its value is true: not for null, a number, a text or a list."""

    __slots__ = ("can_be_met",)

    def __init__(
        self, text: str, names: frozenset[str], run: Callable[[Mapping[str, Any]], Any], can_be_met: bool = True,
    ) -> None:
        super().__init__(text, names, run)
        self.can_be_met = can_be_met

    def is_met(self, fields: Mapping[str, Any]) -> bool:
        return self._run(fields) is True


def _shown(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
            for name, value in params.items()}
