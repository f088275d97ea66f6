"""Definitions: the YAML documents that business people edit, read strictly and published as immutable `name@version`.

One way from file to meaning: `read_directory` parses every file, `load` (in `schema`, which needs pydantic) validates
one document against its `…Yaml` model, a service's compiler makes its `…Definition` values of it, and
`compile_versions` does that for every version of a kind. Each step reports to a `FaultReporter`, so all faults of all
files are found in one run, each with file, line and column.
"""
from chassis.domain.definitions.compilation import compile_versions
from chassis.domain.definitions.documents import Definition, Definitions
from chassis.domain.definitions.faults import DefinitionError, DefinitionFault, FaultCollector, FaultReporter
from chassis.domain.definitions.publication import PUBLISHED, publish
from chassis.domain.definitions.yaml_files import parse_yaml, read_directory, read_file
from chassis.domain.definitions.zone import company_zone

__all__ = [
    "PUBLISHED", "Definition", "DefinitionError", "DefinitionFault", "Definitions", "FaultCollector", "FaultReporter",
    "company_zone", "compile_versions", "parse_yaml", "publish", "read_directory", "read_file",
]
