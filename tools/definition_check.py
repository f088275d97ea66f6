"""Checks a directory of definitions with every service's compiler, for `triptych check`."""
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chassis.domain.definitions import DefinitionFault, FaultCollector
from chassis.domain.definitions.yaml_files import scan_directory
from chassis.http.i18n import negotiate_language, translate, use_language
from chassis.service.discovery import find_services
from tools.csv_import.mapping import compile_mapping


@dataclass(frozen=True, slots=True)
class DefinitionCheck:
    """`faults`: of all files, by file, line and column."""

    definitions: int
    kinds: int
    faults: Sequence[DefinitionFault]


def check_definitions(root: Path) -> DefinitionCheck:
    """Parses and compiles everything below the directory, as the services would at start-up."""
    faults = FaultCollector()
    definitions = scan_directory(root, faults)
    for service in find_services():
        faults.attempt(service.build, definitions)
    for definition in definitions.current("mappings"):
        faults.attempt(compile_mapping, definition)
    unique = dict.fromkeys(faults.faults)
    ordered = sorted(unique, key=lambda fault: (fault.file, fault.line or 0, fault.column or 0))
    kinds = definitions.kinds()
    return DefinitionCheck(sum(len(definitions.current(kind)) for kind in kinds), len(kinds), ordered)


def report(check: DefinitionCheck, language: str) -> list[str]:
    """One line per fault, `file:line:column: path: message`, then a summary, in the language."""
    with use_language(language):
        return [*map(_line, check.faults), _summary(check)]


def _line(fault: DefinitionFault) -> str:
    return fault.render(translate(f"definition.{fault.code}", fault.message, fault.params, otherwise=fault.code))


def _summary(check: DefinitionCheck) -> str:
    if not check.faults:
        return translate(
            "definition.check_passed", f"{check.definitions} definitions of {check.kinds} kinds are valid.",
            {"definitions": check.definitions, "kinds": check.kinds})
    count, files = len(check.faults), len({fault.file for fault in check.faults})
    return translate(
        "definition.check_failed", f"{count} fault{'s' * (count > 1)} in {files} file{'s' * (files > 1)}.",
        {"count": count, "files": files})


def preferred_language(requested: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """The language requested, else that of LC_ALL, LC_MESSAGES or LANG (`zh_CN.UTF-8`); English by default."""
    names = (requested, *(environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")))
    named = next((name for name in names if name), "")
    return negotiate_language(named.partition(".")[0].replace("_", "-"))
