"""Publishes definitions into the store as immutable documents `kind/name@version`."""
import msgspec

from chassis.domain.definitions.documents import Definition, Definitions
from chassis.domain.definitions.faults import FaultCollector, FaultReporter
from chassis.ports import Collection, Document, Store
from chassis.support import failpoints

PUBLISHED = Collection("definitions", {"kind": str, "name": str, "version": int}, (("kind", "name"),))


async def publish(store: Store, definitions: Definitions) -> Definitions:
    """Saves new versions and returns all published ones. Raises DefinitionError for edited published versions.

    Safe for several services at once: the same content under the same name@version is one document.
    """
    await store.ensure([PUBLISHED])
    current = [d for kind in definitions.kinds() for d in definitions.current(kind)]
    documents = [_document(d) for d in current]
    failpoints.reach("definitions.put.before")
    await store.save(PUBLISHED.name, documents)
    failpoints.reach("definitions.put.after")
    stored = await store.load(PUBLISHED.name, [d.id for d in documents])
    faults = FaultCollector()
    for definition, document in zip(current, documents, strict=True):
        if stored[document.id].body != document.body:
            report = FaultReporter(definition, faults=faults.faults).at("version")
            report.add(
                "published_version_edited", "{ref} is already published with different content, and open records are "
                "decided by it; set `version` to {next}", ref=definition.ref, next=definition.version + 1)
    faults.raise_if_any()
    return Definitions(current, await _published(store))


async def _published(store: Store) -> list[Definition]:
    definitions: list[Definition] = []
    after: str | None = None
    while True:
        page = await store.find(PUBLISHED.name, {}, after=after, limit=500)
        for document in page.documents:
            kind, name, version, body = msgspec.json.decode(document.body)
            definitions.append(Definition(kind, name, version, body))
        if page.next is None:
            return definitions
        after = page.next


def _document(d: Definition) -> Document:
    body = msgspec.json.encode([d.kind, d.name, d.version, d.body], order="deterministic")
    return Document(f"{d.kind}/{d.ref}", 0, body, {"kind": d.kind, "name": d.name, "version": d.version})
