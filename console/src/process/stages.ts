/** What stages and pipelines are called, from the blueprints; a blueprint rarely changes. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { get } from "@/api/client";
import { useGet } from "@/api/hooks";
import type { Blueprint } from "@/api/shapes";
import { useTitle } from "@/i18n";

export interface Pipeline { name: string; label: string; line: string }

export function usePipelines(line?: string): Pipeline[] {
  const title = useTitle();
  const { data } = useGet("/v1/blueprints");
  return useMemo(() => (data?.items ?? []).filter((b) => !line || b.business_line === line)
    .map((b) => ({ name: b.name, label: title(b.title, b.name), line: b.business_line })), [data, line, title]);
}

/** The question for a blueprint by its reference: `software@1`, or `software` as it stands. */
export function blueprintQuery(reference: string) {
  const [name = "", version] = reference.split("@");
  return {
    queryKey: ["/v1/blueprints/{name}", { name }, { version }], staleTime: 300_000, enabled: name !== "",
    queryFn: ({ signal }: { signal: AbortSignal }) => get("/v1/blueprints/{name}", { path: { name }, query: { version }, signal }),
  };
}

export function useBlueprint(reference: string | undefined) {
  return useQuery(blueprintQuery(reference ?? ""));
}

function useBlueprints(references: readonly string[]): (reference: string) => Blueprint | undefined {
  const wanted = [...new Set(references)].sort();
  const found = useQueries({ queries: wanted.map(blueprintQuery) });
  return (reference) => found[wanted.indexOf(reference)]?.data;
}

/** `stage(pipeline, name)`: what a stage is called. */
export function useStageTitles(pipelines: readonly string[]): (pipeline: string, stage: string) => string {
  const title = useTitle();
  const known = useBlueprints(pipelines);
  return (pipeline, stage) => title(known(pipeline)?.stages.find((s) => s.name === stage)?.title, stage);
}

/** `step("software@1", "propose")`: what a step is called. */
export function useStepTitles(references: readonly string[]): (reference: string, step: string) => string {
  const title = useTitle();
  const known = useBlueprints(references);
  return (reference, step) => title(known(reference)?.transitions.find((t) => t.name === step)?.title, step);
}
