import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useGet } from "@/api/hooks";
import type { Measure } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";
import { isKey } from "@/i18n/words";
import { PageFrame } from "@/ui/Page";
import { Answered } from "@/ui/states";
import { type Column, Table } from "@/ui/Table";
import "../results.css";

/** Every measure of the installation with its formula; each has a page. */
export function MeasuresPage() {
  const t = useSay();
  const title = useTitle();
  const [wanted, setWanted] = useState("");
  const query = useGet("/v1/kpis");
  const unit = (m: Measure): string => (isKey(`results.unit.${m.unit}`) ? t(`results.unit.${m.unit}` as never) : m.unit);
  const columns: Column<Measure>[] = [
    { id: "name", head: t("results.measure"), value: (m) => title(m.title, m.measure), cell: (m) => <Link to="/results/measures/$measure" params={{ measure: m.measure }}><strong>{title(m.title, m.measure)}</strong></Link> },
    { id: "formula", head: t("results.formula"), cell: (m) => <span>{title(m.formula)}{m.basis && <span className="muted"> ({t("results.basis")}: <code>{m.basis}</code>)</span>}</span> },
    { id: "unit", head: t("results.unit"), value: unit, cell: unit },
    { id: "id", head: t("results.definition"), value: (m) => m.measure, cell: (m) => <code className="nowrap">{m.definition}</code> },
  ];
  const meets = (m: Measure): boolean => [m.measure, title(m.title), title(m.formula)].some((x) => x.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <PageFrame
      title={t("results.measures")} sub={t("results.measures.sub")}
      filters={<div className="filters no-print"><input className="input" style={{ maxWidth: "20rem" }} type="search" aria-label={t("results.find")} placeholder={t("results.find")} value={wanted} onChange={(e) => setWanted(e.target.value)} /></div>}
    >
      <section className="card">
        <Answered query={query}>{({ items }) => {
          const rows = items.filter(meets);
          return rows.length ? <Table label={t("results.measures")} columns={columns} rows={rows} rowKey={(m) => m.measure} /> : <p className="card-body muted">{t("search.nothing", { q: wanted })}</p>;
        }}</Answered>
      </section>
    </PageFrame>
  );
}
