/** Names behind ids: people of the organisation, business lines, and what the filters can choose from. */
import { useEffect, useMemo, useState } from "react";
import { useTitle } from "@/i18n";
import { queries, useGet } from "./hooks";
import type { Rep } from "./shapes";

export interface Choice { value: string; label: string }

export function useLines(): Choice[] {
  const { data } = useGet("/v1/business-lines", {}, { keep: true });
  const title = useTitle();
  return useMemo(() => (data?.items ?? []).map((l) => ({ value: l.name, label: title(l.title, l.name) })), [data, title]);
}

export function useReps(): Rep[] {
  const { data } = useGet("/v1/reps", { query: { limit: 500 } });
  return data?.items ?? NONE;
}
const NONE: Rep[] = [];

/** `rep-03` → "Anna Weiss"; the id itself where the organisation is not known. */
export function useRepName(): (id: string | null | undefined) => string {
  const reps = useReps();
  return useMemo(() => {
    const known = new Map(reps.map((r) => [r.rep_id, r.name ?? r.rep_id]));
    return (id) => (id ? (known.get(id) ?? id) : "");
  }, [reps]);
}

const CALM_MS = 150, LATEST_MS = 3_000;

/** True once a page has what it was opened for: what only helps to choose is asked after that. */
function useCalm(): boolean {
  const [calm, setCalm] = useState(false);
  useEffect(() => {
    const end = Date.now() + LATEST_MS;
    const timer = setInterval(() => {
      if (queries.isFetching() > 0 && Date.now() < end) return;
      clearInterval(timer);
      setCalm(true);
    }, CALM_MS);
    return () => clearInterval(timer);
  }, []);
  return calm;
}

/** Labels that the open deals of the present year have in a dimension: region, team or rep. */
export function useLabels(dimension: "region" | "team" | "rep"): Choice[] {
  const year = String(new Date().getFullYear());
  const { data } = useGet("/v1/kpis/{measure}", {
    path: { measure: "opportunities_opened" }, query: { by: dimension, period: year, grain: "year", limit: 500 },
  }, { enabled: useCalm() });
  const nameOf = useRepName();
  return useMemo(() => {
    const labels = (data?.rows ?? []).map((row) => row.dimensions[dimension]).filter((l): l is string => Boolean(l));
    return [...new Set(labels)].map((value) => ({ value, label: dimension === "rep" ? nameOf(value) : value }))
      .sort((a, b) => a.label.localeCompare(b.label));
  }, [data, dimension, nameOf]);
}
