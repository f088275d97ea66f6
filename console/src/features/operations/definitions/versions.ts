import type { PublishedDefinition } from "@/shared/api/types";
import type { Title } from "@/shared/i18n";

export interface DefinitionVersions {
  kind: string;
  name: string;
  title: Title;
  /** Newest first. */
  versions: PublishedDefinition[];
}

/** Groups published definitions by kind and name. Pure. */
export function groupVersions(definitions: readonly PublishedDefinition[]): DefinitionVersions[] {
  const groups = new Map<string, DefinitionVersions>();
  for (const definition of [...definitions].sort((a, b) => Number(b.version) - Number(a.version))) {
    const { kind, name, title } = definition;
    const group = groups.get(`${kind}/${name}`) ?? { kind, name, title, versions: [] };
    group.versions.push(definition);
    groups.set(`${kind}/${name}`, group);
  }
  return [...groups.values()].sort((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name));
}
