"""Prints packages, levels, dependencies and cycles of the source tree; fails on a cycle or an upward import.

    python -m dev.import_graph             one table per top-level package
    python -m dev.import_graph --summary   totals and faults only

Imports inside functions count, imports under `if TYPE_CHECKING:` do not. What is upward is defined by the layers in
`.importlinter`.
"""
import argparse
import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOP_LEVEL = ("contracts", "chassis", "services", "tools", "dev")

Graph = Mapping[str, frozenset[str]]
"""{importing: imported}; every imported name is a key too."""


def read_imports(root: Path = ROOT, top_level: Sequence[str] = TOP_LEVEL) -> Graph:
    """Imports between the modules of the tree, by dotted name; a package stands for its `__init__`."""
    files = {_module_name(root, path): path for top in top_level for path in sorted((root / top).rglob("*.py"))}
    return {
        name: frozenset(
            module for statement in _imports(ast.parse(path.read_text()))
            for module in _imported_modules(statement, files) if module != name)
        for name, path in files.items()}


def _module_name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for statement in child.orelse:
                yield from _imports(ast.Module([statement], []))
        else:
            yield from _imports(child)


def _imported_modules(statement: ast.Import | ast.ImportFrom, known: Mapping[str, object]) -> Iterator[str]:
    """`from package import name` imports the module `package.name` when there is one, else the package."""
    if isinstance(statement, ast.Import):
        names = [alias.name for alias in statement.names]
    else:
        package = statement.module or ""
        submodules = {alias.name: f"{package}.{alias.name}" for alias in statement.names}
        names = [submodule if submodule in known else package for submodule in submodules.values()]
    yield from (name for name in names if name in known)


def children_graph(imports: Graph, package: str) -> Graph:
    """Dependencies between the direct children of a package: modules, and subpackages with all that they contain."""
    prefix = f"{package}."

    def child_of(module: str) -> str | None:
        return prefix + module.removeprefix(prefix).partition(".")[0] if module.startswith(prefix) else None

    edges: dict[str, set[str]] = {}
    for module, imported in imports.items():
        if (child := child_of(module)) is not None:
            children = {child_of(name) for name in imported} - {None, child}
            edges.setdefault(child, set()).update(name for name in children if name is not None)
    return {child: frozenset(children) for child, children in edges.items()}


def find_cycles(graph: Graph) -> list[tuple[str, ...]]:
    """Groups of nodes that can all reach each other (Tarjan's strongly connected components with several nodes)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    cycles: list[tuple[str, ...]] = []

    def visit(node: str) -> None:
        order[node] = lowest[node] = len(order)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in order:
                visit(other)
            if other in stack:
                lowest[node] = min(lowest[node], lowest[other])
        if lowest[node] == order[node]:
            component = stack[stack.index(node):]
            del stack[-len(component):]
            if len(component) > 1:
                cycles.append(tuple(sorted(component)))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return cycles


def find_levels(graph: Graph) -> dict[str, int]:
    """{node: length of its longest chain of dependencies}, 0 for a node without any. ValueError on a cycle."""
    if cycles := find_cycles(graph):
        raise ValueError(f"levels are not defined on a graph with cycles: {cycles}")
    levels: dict[str, int] = {}

    def level(node: str) -> int:
        if node not in levels:
            levels[node] = 1 + max((level(other) for other in graph[node]), default=-1)
        return levels[node]

    for node in graph:
        level(node)
    return levels


@dataclass(frozen=True, slots=True)
class LayerOrder:
    """One `layers` contract: position of each module, 0 at the bottom; modules on one position are independent."""

    name: str
    positions: Mapping[str, int]

    def find_upward_imports(self, imports: Graph) -> list[tuple[str, str]]:
        """(importing, imported) of all imports to a higher layer, or to another module of the same layer."""
        return [
            (module, other) for module, imported in imports.items() for other in sorted(imported)
            if (low := self._layer(module)) and (high := self._layer(other)) and low != high
            and self.positions[high] >= self.positions[low]]

    def _layer(self, module: str) -> str:
        while module and module not in self.positions:
            module = module.rpartition(".")[0]
        return module


def read_layers(path: Path = ROOT / ".importlinter") -> list[LayerOrder]:
    """The layer contracts of import-linter's configuration, one per container."""
    config = ConfigParser()
    config.read_string(path.read_text())
    orders = []
    for section in config.sections():
        if config[section].get("type") != "layers":
            continue
        lines = [line.split("|") for line in config[section]["layers"].splitlines() if line.strip()]
        for container in config[section].get("containers", "").split() or [""]:
            positions = {
                f"{container}.{name.strip().strip('()')}".lstrip("."): position
                for position, names in enumerate(reversed(lines)) for name in names}
            orders.append(LayerOrder(config[section]["name"], positions))
    return orders


def find_faults(imports: Graph, layers: Sequence[LayerOrder]) -> list[str]:
    """One sentence per cycle of modules, cycle of packages, and upward import."""
    packages = sorted({name.rpartition(".")[0] for name in imports} - {""})
    faults = [f"cycle of modules: {' <-> '.join(cycle)}" for cycle in find_cycles(imports)]
    faults += [
        f"cycle inside {package}: {' <-> '.join(cycle)}"
        for package in packages for cycle in find_cycles(children_graph(imports, package))]
    faults += [
        f"upward import ({order.name}): {module} imports {other}"
        for order in layers for module, other in order.find_upward_imports(imports)]
    return list(dict.fromkeys(faults))


def summarize(imports: Graph, package: str) -> str:
    """Children of the package, their levels, dependencies between them, and cycles."""
    graph = children_graph(imports, package)
    cycles = find_cycles(graph)
    levels = "undefined" if cycles else str(len(set(find_levels(graph).values())))
    return (f"{package}: {len(graph)} packages and modules, {levels} levels, "
            f"{sum(map(len, graph.values()))} dependencies, {len(cycles)} cycles")


def format_table(imports: Graph, package: str) -> list[str]:
    """One line per child of the package: level, name, modules, dependencies; the highest level first."""
    graph = children_graph(imports, package)
    levels = dict.fromkeys(graph, 0) if find_cycles(graph) else find_levels(graph)
    lines = []
    for child in sorted(graph, key=lambda name: (-levels[name], name)):
        modules = sum(name == child or name.startswith(f"{child}.") for name in imports)
        dependencies = ", ".join(sorted(name.removeprefix(f"{package}.") for name in graph[child]))
        lines.append(f"  {levels[child]:>2}  {child.removeprefix(f'{package}.'):<18} {modules:>3}  {dependencies}")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 when there is a fault."""
    parser = argparse.ArgumentParser(prog="dev.import_graph", description="Checks the import graph")
    parser.add_argument("--summary", action="store_true", help="print totals and faults only")
    options = parser.parse_args(arguments)
    imports = read_imports()
    for package in TOP_LEVEL:
        print(summarize(imports, package))
        if not options.summary:
            print("\n".join(format_table(imports, package)))
    faults = find_faults(imports, read_layers())
    print(f"all modules: {len(imports)}, {sum(map(len, imports.values()))} imports, "
          f"{len(find_cycles(imports))} cycles, {len(faults)} faults")
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    raise SystemExit(main())
