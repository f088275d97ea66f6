import { Link } from "@tanstack/react-router";
import { Pencil } from "lucide-react";
import type { Measure, Rep, Target } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { Button } from "@/ui/Button";
import { When } from "@/ui/small";
import { useChanged } from "@/ui/useChanged";
import { About } from "../results/About";
import { Attainment } from "../results/Attainment";
import { useFigureText, useLabels } from "../results/useFigures";
import { keyOf, type Node, tree } from "./tree";

interface Props { targets: Target[]; told: Measure | undefined; people: Rep[]; onEdit?: (target: Target) => void }

/** The targets of one measure as a tree: the company, lines and regions, teams, reps. */
export function TargetTable({ targets, told, people, onEdit }: Props) {
  const t = useSay();
  const title = useTitle();
  const { measure = "", currency = null } = targets[0] ?? {};
  const name = `${title(told?.title, measure)}${currency ? ` (${currency})` : ""}`;
  return (
    <section className="card" aria-label={name}>
      <header className="card-head">
        <h2><Link to="/results/measures/$measure" params={{ measure }}>{name}</Link></h2>
        {told && <About told={told} />}
      </header>
      <div className="table-wrap" tabIndex={0} role="group" aria-label={name}>
        <table className="targets" role="table">
          <thead role="rowgroup"><tr role="row">
            <th scope="col" role="columnheader">{t("targets.scope")}</th><th scope="col" role="columnheader">{t("targets.attainment")}</th><th scope="col" role="columnheader" className="number">{t("targets.actual")}</th>
            <th scope="col" role="columnheader" className="number">{t("results.aim")}</th><th scope="col" role="columnheader" className="wide-only">{t("targets.setBy")}</th>
            {onEdit && <th scope="col" role="columnheader" className="no-print"><span className="visually-hidden">{t("targets.edit")}</span></th>}
          </tr></thead>
          <tbody role="rowgroup">{tree(targets, people).map((node) => <Row key={keyOf(node.target)} node={node} unit={told?.unit ?? "count"} additive={told?.additive} onEdit={onEdit} />)}</tbody>
        </table>
      </div>
    </section>
  );
}

interface RowProps { node: Node; unit: string; additive?: boolean; onEdit?: (target: Target) => void }

function Row({ node: { target, depth, parts }, unit, additive, onEdit }: RowProps) {
  const t = useSay();
  const format = useFormat();
  const text = useFigureText();
  const scope = useScopeName()(target.scope);
  const changed = useChanged(target.actual, keyOf(target) + target.period);
  const write = (value: number | null): string => (value === null ? "–" : text.plain(unit, value, target.currency));
  const { business_line: line, region, team, rep } = target.scope;
  return (
    <tr role="row" className={changed ? "changed" : undefined}>
      <th scope="row" role="rowheader" style={{ paddingLeft: `calc(var(--4) + ${depth} * 1.25rem)` }}>
        <Link to="/results/measures/$measure" params={{ measure: target.measure }} search={{ period: target.period, line, region, team, rep } as never}>{scope}</Link>
        {parts && target.value !== 0 && additive && <div className="muted small">{t("targets.parts", { n: parts.n, sum: write(parts.sum), share: format.ratio(parts.sum / target.value) })}</div>}
      </th>
      <td role="cell" className="targets-bar"><Attainment measure={target.measure} additive={additive} attainment={target.attainment} pace={target.pace} target={text.plain(unit, target.value, target.currency, { compact: true })} /></td>
      <td role="cell" className="number"><strong>{write(target.actual)}</strong></td>
      <td role="cell" className="number targets-aim">{write(target.value)}</td>
      <td role="cell" className="wide-only muted small nowrap">{target.set_by}<br /><When at={target.set_at} distance /></td>
      {onEdit && <td role="cell" className="no-print"><Button look="quiet" small icon={<Pencil className="icon" aria-hidden />} label={t("targets.change", { scope })} onClick={() => onEdit(target)} /></td>}
    </tr>
  );
}

export function useScopeName(): (scope: Record<string, string>) => string {
  const t = useSay();
  const { dimension, label } = useLabels();
  return (scope) => {
    const parts = Object.entries(scope);
    return parts.length ? parts.map(([name, value]) => `${dimension(name)} ${label(name, value)}`).join(" · ") : t("targets.company");
  };
}
