/** Names of dimensions and of their labels. */
import { useNames, useTranslate } from "@/shared/i18n";
import { usePipelines, useStageTitles } from "./blueprints";
import { useBusinessLines, useRepName } from "./organisation";
import type { FigureRow } from "./types";

export interface DimensionLabels {
  dimension: (name: string) => string;
  label: (dimension: string, label: string | null) => string;
}

/** Titles of stages depend on the pipeline, which is read from `rows`. */
export function useDimensionLabels(rows: readonly FigureRow[] = []): DimensionLabels {
  const t = useTranslate();
  const dimension = useNames("dimension");
  const repName = useRepName();
  const lines = useBusinessLines();
  const pipelines = usePipelines();
  const stageTitle = useStageTitles([...new Set(rows.flatMap((row) => row.dimensions.pipeline ?? []))]);
  const stage = (name: string): string => {
    const row = rows.find(({ dimensions }) => dimensions.stage === name && dimensions.pipeline);
    return row?.dimensions.pipeline ? stageTitle(row.dimensions.pipeline, name) : name;
  };
  return {
    dimension,
    label: (name, label) => {
      if (label === null) return t("results.notRecorded");
      if (name === "rep") return repName(label);
      if (name === "business_line") return lines.find((line) => line.value === label)?.label ?? label;
      if (name === "pipeline") return pipelines.find((pipeline) => pipeline.name === label)?.label ?? label;
      return name === "stage" ? stage(label) : label;
    },
  };
}
