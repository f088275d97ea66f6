/** Titles of pipelines, stages and transitions, from the blueprints. A blueprint version never changes. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTitle } from "@/shared/i18n";
import { get } from "./client";
import { useGet } from "./queries";
import type { Blueprint } from "./types";

export interface Pipeline {
  name: string;
  label: string;
  line: string;
}

export function usePipelines(line?: string): Pipeline[] {
  const title = useTitle();
  const { data } = useGet("/v1/blueprints");
  return useMemo(
    () =>
      (data?.items ?? [])
        .filter((b) => !line || b.business_line === line)
        .map((b) => ({ name: b.name, label: title(b.title, b.name), line: b.business_line })),
    [data, line, title],
  );
}

/** The query of a blueprint by its reference: `software@1`, or `software` for the current version. */
export function blueprintQuery(reference: string) {
  const [name = "", version] = reference.split("@");
  return {
    queryKey: ["/v1/blueprints/{name}", { name }, { version }],
    staleTime: 300_000,
    enabled: name !== "",
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      get("/v1/blueprints/{name}", { path: { name }, query: { version }, signal }),
  };
}

export function useBlueprint(reference: string | undefined) {
  return useQuery(blueprintQuery(reference ?? ""));
}

function useBlueprints(references: readonly string[]): (reference: string) => Blueprint | undefined {
  const unique = [...new Set(references)].sort();
  const results = useQueries({ queries: unique.map(blueprintQuery) });
  return (reference) => results[unique.indexOf(reference)]?.data;
}

/** `stageTitle(pipeline, stage)` */
export function useStageTitles(pipelines: readonly string[]): (pipeline: string, stage: string) => string {
  const title = useTitle();
  const blueprint = useBlueprints(pipelines);
  return (pipeline, stage) => title(blueprint(pipeline)?.stages.find((s) => s.name === stage)?.title, stage);
}

/** `transitionTitle("software@1", "propose")` */
export function useTransitionTitles(references: readonly string[]): (reference: string, transition: string) => string {
  const title = useTitle();
  const blueprint = useBlueprints(references);
  return (reference, transition) =>
    title(blueprint(reference)?.transitions.find((t) => t.name === transition)?.title, transition);
}
