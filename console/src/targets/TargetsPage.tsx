import { Plus, Target as TargetIcon } from "lucide-react";
import { useState } from "react";
import { useGet } from "@/api/hooks";
import { useMay } from "@/api/me";
import { useReps } from "@/api/names";
import type { Target } from "@/api/shapes";
import { useFormat } from "@/format";
import { presetPeriod, today } from "@/format/periods";
import { useFilters, useSetWords } from "@/frame/filters";
import { useSay } from "@/i18n";
import { Button } from "@/ui/Button";
import { Csv } from "@/ui/Csv";
import { PageFrame } from "@/ui/Page";
import { Select, When } from "@/ui/small";
import { Answered, Empty } from "@/ui/states";
import { aimable } from "./periods";
import { SetDialog } from "./SetDialog";
import { TargetTable } from "./TargetTable";
import { groups } from "./tree";
import "../results/results.css";
import "./targets.css";

/** What is aimed at in a period, by measure and by scope, and how far it is reached. */
export function TargetsPage() {
  const t = useSay();
  const set = useSetWords();
  const format = useFormat();
  const may = useMay();
  const people = useReps();
  const period = useFilters().period ?? presetPeriod("this_month", today());
  const [setting, setSetting] = useState<Target | "new" | null>(null);
  const asked = { path: { period } };
  const query = useGet("/v1/targets/{period}/attainment", asked, { keep: true });
  const measures = useGet("/v1/kpis");
  const known = measures.data?.items ?? [];
  const change = may("targets:write");
  const choices = [...new Set([period, ...aimable(today())])];
  const button = <Button look="primary" icon={<Plus className="icon" aria-hidden />} onClick={() => setSetting("new")}>{t("targets.set")}</Button>;
  return (
    <PageFrame
      title={t("targets.title", { period: format.period(period) })} read
      sub={query.data ? <>{t("time.fresh", { when: "" })}<When at={query.data.complete_until} /></> : " "}
      actions={<><Csv template="/v1/targets/{period}/attainment" asked={asked} name={`targets-${period}`} />{change && button}</>}
      filters={<div className="filters no-print"><Select label={t("filter.period")} value={period} choices={choices.map((p) => ({ value: p, label: format.period(p) }))} onChoose={(value) => set({ period: value })} /></div>}
    >
      <Answered query={query}>{(found) => (found.items.length && found.period === period ? (
        groups(found.items).map((group) => (
          <TargetTable key={`${group[0]?.measure} ${group[0]?.currency}`} targets={group} people={people} onEdit={change ? setSetting : undefined}
            told={known.find((m) => m.measure === group[0]?.measure)} />
        ))
      ) : (
        <section className="card">
          <Empty title={t("targets.none", { period: format.period(period) })} icon={<TargetIcon className="icon" aria-hidden />}>
            <p>{t(change ? "targets.none.how" : "targets.none.who")}</p>{change && button}
          </Empty>
        </section>
      ))}</Answered>
      {setting && <SetDialog period={period} measures={known} target={setting === "new" ? null : setting} onClose={() => setSetting(null)} />}
    </PageFrame>
  );
}
