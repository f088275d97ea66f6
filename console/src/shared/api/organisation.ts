/** Names of people and business lines, and the options of the filters. */
import { useEffect, useMemo, useState } from "react";
import { useTitle } from "@/shared/i18n";
import { queryClient, useGet } from "./queries";
import type { Rep } from "./types";

export interface Option {
  value: string;
  label: string;
}

const NO_REPS: Rep[] = [];
const IDLE_CHECK_MS = 150;
const IDLE_TIMEOUT_MS = 3_000;

export function useBusinessLines(): Option[] {
  const { data } = useGet("/v1/business-lines", {}, { keepPrevious: true });
  const title = useTitle();
  return useMemo(
    () => (data?.items ?? []).map((line) => ({ value: line.name, label: title(line.title, line.name) })),
    [data, title],
  );
}

export function useReps(): Rep[] {
  const { data } = useGet("/v1/reps", { query: { limit: 500 } });
  return data?.items ?? NO_REPS;
}

/** `rep-03` → "Anna Weiss"; an id that is not in the organisation directory stays as it is. */
export function useRepName(): (id: string | null | undefined) => string {
  const reps = useReps();
  return useMemo(() => {
    const names = new Map(reps.map((rep) => [rep.rep_id, rep.name ?? rep.rep_id]));
    return (id) => (id ? (names.get(id) ?? id) : "");
  }, [reps]);
}

/** True once the page's own requests are done: the options of filters are fetched after them. */
function useIdle(): boolean {
  const [idle, setIdle] = useState(false);
  useEffect(() => {
    const deadline = Date.now() + IDLE_TIMEOUT_MS;
    const timer = setInterval(() => {
      if (queryClient.isFetching() > 0 && Date.now() < deadline) return;
      clearInterval(timer);
      setIdle(true);
    }, IDLE_CHECK_MS);
    return () => clearInterval(timer);
  }, []);
  return idle;
}

/** The regions, teams or reps of the deals opened this year. */
export function useDimensionValues(dimension: "region" | "team" | "rep"): Option[] {
  const year = String(new Date().getFullYear());
  const { data } = useGet(
    "/v1/kpis/{measure}",
    {
      path: { measure: "opportunities_opened" },
      query: { by: dimension, period: year, grain: "year", limit: 500 },
    },
    { enabled: useIdle() },
  );
  const repName = useRepName();
  return useMemo(() => {
    const values = (data?.rows ?? []).flatMap((row) => row.dimensions[dimension] ?? []);
    return [...new Set(values)]
      .map((value) => ({ value, label: dimension === "rep" ? repName(value) : value }))
      .sort((a, b) => a.label.localeCompare(b.label));
  }, [data, dimension, repName]);
}
