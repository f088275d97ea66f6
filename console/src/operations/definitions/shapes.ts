import type { PublishedDefinition } from "@/api/shapes";
import type { Title } from "@/i18n";

export type Definition = PublishedDefinition;
export interface Versions { kind: string; name: string; title: Title; versions: Definition[] }

/** One entry per definition, its versions newest first. Pure. */
export function byName(all: readonly Definition[]): Versions[] {
  const found = new Map<string, Definition[]>();
  for (const d of all) found.set(`${d.kind}/${d.name}`, [...(found.get(`${d.kind}/${d.name}`) ?? []), d]);
  return [...found.values()].map((some) => {
    const versions = [...some].sort((a, b) => Number(b.version) - Number(a.version));
    return { kind: some[0]?.kind ?? "", name: some[0]?.name ?? "", title: versions[0]?.title, versions };
  }).sort((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name));
}
