import { Link } from "@tanstack/react-router";
import { useFilters, useWords } from "@/frame/filters";
import { useSay } from "@/i18n";
import { type Pipeline, usePipelines } from "./stages";

/** The pipeline that the address names, else the first of the chosen line. */
export function usePipeline(): { pipeline: Pipeline | undefined; pipelines: Pipeline[] } {
  const words = useWords();
  const pipelines = usePipelines(useFilters().line);
  return { pipeline: pipelines.find((p) => p.name === words.pipeline) ?? pipelines[0], pipelines };
}

export function PipelineTabs({ to }: { to: string }) {
  const t = useSay();
  const { pipeline, pipelines } = usePipeline();
  return (
    <nav className="tabs no-print" aria-label={t("board.pipelines")}>
      {pipelines.length === 0 && <span>&nbsp;</span>}
      {pipelines.map((p) => (
        <Link key={p.name} to={to as never} search={((s: object) => ({ ...s, pipeline: p.name })) as never} aria-current={p.name === pipeline?.name ? "page" : undefined}>{p.label}</Link>
      ))}
    </nav>
  );
}
