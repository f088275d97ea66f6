"""One word, one meaning: no public class name is used twice, and no module is named by a bare verb form."""
import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts", "chassis", "services", "tools", "dev")
FILES = sorted(f for package in PACKAGES for f in (ROOT / package).rglob("*.py"))

NOUNS_IN_ING = {
    "deal_opening", "indexing", "journal_pruning", "lead_scoring", "loading", "mapping", "processing", "routing",
    "scoring", "testing"}
"""Nouns of the field that end like a verb form."""
VERBS = {
    "ask", "build", "bury", "check", "compare", "compile", "compose", "compute", "count", "decide", "emit", "fold",
    "hear", "identify", "keep", "load", "look", "parse", "publish", "put", "read", "render", "run", "save", "say",
    "send", "serve", "tell", "validate", "write"}


def public_classes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for file in FILES:
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(file.relative_to(ROOT)))
    return found


def is_verb_form(name: str) -> bool:
    return name in VERBS or (name.endswith("ing") and name not in NOUNS_IN_ING)


def test_no_public_class_name_has_two_meanings() -> None:
    twice = {name: files for name, files in public_classes().items() if len(files) > 1}
    assert not twice


def test_no_module_is_named_by_a_bare_verb_form() -> None:
    names = {(f.parent.name if f.name == "__init__.py" else f.stem): str(f.relative_to(ROOT)) for f in FILES}
    assert {name: file for name, file in names.items() if is_verb_form(name)} == {}


def test_verb_forms_are_recognised() -> None:
    assert all(map(is_verb_form, ("saying", "compile", "telling", "send", "asking")))
    assert not any(map(is_verb_form, ("routing", "compiler", "journal_pruning", "writer", "settings")))
