"""The import graph has no cycle and no upward import, and pure modules import neither pydantic nor a web framework."""
import subprocess
import sys
from pathlib import Path

import pytest

from dev import import_graph
from dev.import_graph import LayerOrder, children_graph, find_cycles, find_faults, find_levels, read_imports

ROOT = Path(__file__).parents[2]
PURE = ("commands", "state", "decider", "projections")  # modules of a service
HEAVY = ("pydantic", "fastapi", "starlette", "yaml", "structlog")
"""What a pure module must not import, directly or not: each of these makes its tests slow."""


def graph_of(**imports: str) -> dict[str, frozenset[str]]:
    return {name: frozenset(imported.split()) for name, imported in imports.items()}


def pure_modules() -> list[str]:
    """Domain modules of the chassis, and the pure modules of every service, with all that their packages contain."""
    files = [*(ROOT / "chassis/domain").glob("*.py"), *(
        file for service in sorted((ROOT / "services").iterdir()) for name in PURE
        for file in (
            [service / f"{name}.py"] if (service / f"{name}.py").exists() else (service / name).rglob("*.py")))]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]
    return sorted(name for name in names if name != "chassis.domain.definitions")


def test_the_source_tree_has_no_cycle_and_no_upward_import() -> None:
    assert import_graph.main(["--summary"]) == 0


def test_a_cycle_is_found_between_modules_and_between_packages() -> None:
    imports = {"a.x.one": frozenset({"a.y.two"}), "a.y.two": frozenset(), "a.y.three": frozenset({"a.x.four"}),
               "a.x.four": frozenset(), "a.x": frozenset(), "a.y": frozenset()}
    assert find_cycles(imports) == []
    assert find_faults(imports, []) == ["cycle inside a: a.x <-> a.y"]
    assert find_cycles(graph_of(a="b", b="c", c="a", d="a")) == [("a", "b", "c")]


def test_levels_are_the_longest_chains_of_dependencies() -> None:
    assert find_levels(graph_of(a="b c", b="c", c="", d="c")) == {"a": 2, "b": 1, "c": 0, "d": 1}
    with pytest.raises(ValueError, match="cycles"):
        find_levels(graph_of(a="b", b="a"))


def test_an_import_of_a_higher_layer_or_of_a_neighbour_in_the_same_layer_is_a_fault() -> None:
    order = LayerOrder("order", {"a.low": 0, "a.left": 1, "a.right": 1, "a.high": 2})
    imports = {"a.low.x": frozenset({"a.high.y", "a.low.z"}), "a.left": frozenset({"a.right", "a.low.x"}),
               "a.high.y": frozenset({"a.left", "a.low.x"})}
    assert order.find_upward_imports(imports) == [("a.low.x", "a.high.y"), ("a.left", "a.right")]


def test_imports_of_the_type_checker_do_not_count_but_those_inside_functions_do(tmp_path: Path) -> None:
    for name, text in (("__init__", ""), ("b", ""), ("c", ""), ("d", ""),
                       ("a", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p import b\n"
                             "else:\n    from p import d\ndef f():\n    import p.c\n")):
        (tmp_path / "p").mkdir(exist_ok=True)
        (tmp_path / "p" / f"{name}.py").write_text(text)
    assert read_imports(tmp_path, ["p"])["p.a"] == {"p.c", "p.d"}
    assert children_graph(read_imports(tmp_path, ["p"]), "p")["p.b"] == frozenset()


def test_pure_modules_import_neither_pydantic_nor_a_web_framework() -> None:
    """In one process, in order of names: the first module that imports one is named."""
    code = (f"import importlib, sys\nfor name in {pure_modules()!r}:\n    importlib.import_module(name)\n"
            f"    found = [heavy for heavy in {HEAVY!r} if heavy in sys.modules]\n"
            "    if found:\n        sys.exit(f'{name} imports {found}')\n")
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
