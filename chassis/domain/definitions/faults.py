"""`DefinitionFault`: what is invalid in a definition, where, and what is allowed; collected, never first-only.

A fault has a `code`, `params` and the English message made of both, so that `chassis.http.i18n` can render it in
another language; the command line does so for `triptych check`.
"""
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from chassis.domain.criteria import Criterion, CriterionError, Expression, compile_criterion, compile_expression
from chassis.domain.definitions.documents import Definition, ValuePath
from chassis.support.errors import ActionableError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DefinitionFault:
    """`line` and `column` count from 1; None where the document did not come from a file."""

    code: str
    message: str
    file: str
    path: ValuePath = ()
    line: int | None = None
    column: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def allowed(self) -> tuple[str, ...]:
        """The values or keys that are allowed in this place, where they can be listed."""
        return tuple(map(str, self.params.get("allowed", ())))

    def render(self, message: str) -> str:
        """`file:line:column: path: message`, as compilers print it and editors open it."""
        where = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        return ": ".join(part for part in (where, "/".join(map(str, self.path)), message) if part)

    def __str__(self) -> str:
        return self.render(self.message)


class DefinitionError(ActionableError, ValueError):
    """Definitions that cannot be used: `faults` has every reason; the message has one line for each."""

    def __init__(self, faults: Iterable[DefinitionFault]) -> None:
        self.faults: Sequence[DefinitionFault] = tuple(dict.fromkeys(faults))
        super().__init__("\n".join(map(str, self.faults)))
        self.args = (self.faults,)  # what pickle passes to `__init__` again


class InvalidValue(ValueError):
    """Raised by validators of `…Yaml` models: a fault without its place, which `load` adds."""

    def __init__(self, code: str, template: str, **params: Any) -> None:
        super().__init__(template.format(**_shown(params)))
        self.code, self.params = code, params


class FaultReporter:
    """Collects the faults of one definition. `at` narrows the path; every narrowed reporter adds to the same list."""

    __slots__ = ("current", "definition", "faults", "path")

    def __init__(
        self, definition: Definition, *, current: bool = True, path: ValuePath = (),
        faults: list[DefinitionFault] | None = None,
    ) -> None:
        """`current`: whether the version is in force. Checks added after a version was published do not apply to it."""
        self.definition, self.current, self.path = definition, current, path
        self.faults: list[DefinitionFault] = [] if faults is None else faults

    def at(self, *steps: str | int) -> "FaultReporter":
        path = (*self.path, *steps)
        return FaultReporter(self.definition, current=self.current, path=path, faults=self.faults)

    def add(self, code: str, template: str, *, key: bool = False, position: int | None = None, **params: Any) -> None:
        """`template`: the English message with the params as fields; `key`: the key is invalid, not its value.

        `position`: of a character in the text at this path, from 1.
        """
        mark = self.definition.marks.of(self.path, key=key)
        column = mark.column if mark else None
        if position is not None:
            params["position"] = position
            column = mark.text + position - 1 if mark and mark.text else column
        self.faults.append(DefinitionFault(
            code, template.format(**_shown(params)), self.definition.file, self.path,
            mark.line if mark else None, column, params))

    def criterion(
        self, text: str, *, names: Collection[str] | None = None, boolean_names: Collection[str] | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> Criterion | None:
        """The criterion at this path; None, and a fault, when it is invalid or can never be met."""
        try:
            compiled = compile_criterion(text, names=names, boolean_names=boolean_names, functions=functions)
        except CriterionError as error:
            self._add_criterion_error(error)
            return None
        if self.current and not compiled.can_be_met:
            self.add("criterion_not_boolean", "{text!r} is never true; compare it, as in {text} > 0", text=text)
            return None
        return compiled

    def expression(
        self, text: str, *, functions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> Expression | None:
        try:
            return compile_expression(text, functions=functions)
        except CriterionError as error:
            self._add_criterion_error(error)
            return None

    def _add_criterion_error(self, error: CriterionError) -> None:
        self.add(error.code, error.template, position=error.position, **error.params)

    def unique(self, names: Iterable[str], code: str, template: str, *steps: str) -> None:
        """A fault for every entry of this list whose name an earlier one has; `steps` lead from entry to name."""
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                self.at(index, *steps).add(code, template, value=name)
            seen.add(name)

    def raise_if_any(self) -> None:
        if self.faults:
            raise DefinitionError(self.faults)


class FaultCollector:
    """Collects the faults of many definitions, so that one error can name them all."""

    def __init__(self) -> None:
        self.faults: list[DefinitionFault] = []

    def attempt(self, function: Callable[..., T], *arguments: Any) -> T | None:
        """The function's result; None, with the faults collected, where it raises DefinitionError."""
        try:
            return function(*arguments)
        except DefinitionError as error:
            self.faults += error.faults
            return None

    def raise_if_any(self) -> None:
        if self.faults:
            raise DefinitionError(self.faults)


def _shown(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
            for name, value in params.items()}
