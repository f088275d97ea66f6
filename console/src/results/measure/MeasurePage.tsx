import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useGet } from "@/api/hooks";
import { presetPeriod, today } from "@/format/periods";
import { FilterBar } from "@/frame/FilterBar";
import { asWhere, useFilters, useSetWords, useWords } from "@/frame/filters";
import { useSay, useTitle } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { Select, When } from "@/ui/small";
import { Answered } from "@/ui/states";
import { HeadlineTile } from "../board/HeadlineTile";
import { Span } from "../Span";
import { useLabels } from "../useFigures";
import { Division } from "./Division";
import { Explained } from "./Explained";
import { GRAINS, isGrain } from "./ranges";
import { Trend } from "./Trend";
import "../results.css";

/** One measure: what it is, how it stands, how it went, how it divides, and how it comes about. */
export function MeasurePage() {
  const { measure } = useParams({ strict: false }) as { measure: string };
  const t = useSay();
  const title = useTitle();
  const set = useSetWords();
  const words = useWords();
  const filters = useFilters();
  const grain = isGrain(words.grain) ? words.grain : "month";
  const where = useMemo(() => asWhere(filters), [filters]);
  const period = filters.period ?? presetPeriod("this_month", today());
  const head = useGet("/v1/kpis/{measure}", { path: { measure }, query: { period, where, compare: ["previous", "year"] } }, { keep: true });
  const { dimension } = useLabels();
  const found = head.data?.measure === measure ? head.data : undefined;
  const by = words.by && found?.dimensions.includes(words.by) ? words.by : found?.dimensions.includes("region") ? "region" : found?.dimensions[0];
  const row = found?.rows[0];
  return (
    <PageFrame
      title={title(found?.title, measure)} above={[{ label: t("results.measures"), to: "/results/measures" as never }]}
      sub={found ? <><Span row={row} period={period} /> · {t("time.fresh", { when: "" })}<When at={found.complete_until} /></> : " "}
      filters={<FilterBar>
        <Select label={t("results.grain")} value={grain} onChoose={(value) => set({ grain: value })} choices={GRAINS.map((g) => ({ value: g, label: t(`results.grain.${g}`) }))} />
        {found && <Select label={t("results.divide")} value={by} onChoose={(value) => set({ by: value })} choices={found.dimensions.filter((d) => d !== "currency").map((d) => ({ value: d, label: t("results.by.one", { by: dimension(d).toLocaleLowerCase() }) }))} />}
      </FilterBar>}
    >
      <Answered query={head}>{() => found && (
        <>
          <div className="measure-top">
            <HeadlineTile tile={found} where={where} />
            {row?.to && <Trend measure={measure} told={found} grain={grain} to={row.to} where={where} />}
          </div>
          {by && <Division measure={measure} by={by} period={period} where={where} />}
          <Explained measure={measure} />
        </>
      )}</Answered>
    </PageFrame>
  );
}
