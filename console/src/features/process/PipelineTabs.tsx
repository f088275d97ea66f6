import { Link } from "@tanstack/react-router";
import { type Pipeline, usePipelines } from "@/shared/api/blueprints";
import { useTranslate } from "@/shared/i18n";
import { useFilters } from "@/shared/routing/rootRoute";

interface PipelineSelection {
  pipeline: Pipeline | undefined;
  pipelines: Pipeline[];
}

/** The pipeline of that name, else the first one of the selected business line. */
export function usePipeline(name: string | undefined): PipelineSelection {
  const pipelines = usePipelines(useFilters().line);
  return { pipeline: pipelines.find((pipeline) => pipeline.name === name) ?? pipelines[0], pipelines };
}

interface Props extends PipelineSelection {
  to: "/process/board" | "/process/funnel" | "/process/blueprint";
}

export function PipelineTabs({ to, pipeline, pipelines }: Props) {
  const t = useTranslate();
  return (
    <nav className="tabs no-print" aria-label={t("process.pipelines")}>
      {pipelines.length === 0 && <span>&nbsp;</span>}
      {pipelines.map(({ name, label }) => (
        <Link
          key={name}
          to={to}
          search={(before) => ({ ...before, pipeline: name })}
          aria-current={name === pipeline?.name ? "page" : undefined}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
