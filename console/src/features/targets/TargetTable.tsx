import { Link } from "@tanstack/react-router";
import { Pencil } from "lucide-react";
import type { Measure, Rep, Target } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useFigureFormat } from "@/shared/format/useFigureFormat";
import { useTitle, useTranslate } from "@/shared/i18n";
import { Attainment } from "@/shared/ui/Attainment";
import { Button } from "@/shared/ui/Button";
import { MeasureInfoButton } from "@/shared/ui/MeasureInfo";
import { Timestamp } from "@/shared/ui/primitives";
import { useHighlight } from "@/shared/ui/useHighlight";
import { useScopeName } from "./scopeName";
import { type TargetNode, targetKey, targetTree } from "./targetTree";

interface Props {
  targets: Target[];
  measure: Measure | undefined;
  reps: Rep[];
  onEdit?: (target: Target) => void;
}

/** The targets of one measure as a tree: company, business lines and regions, teams, reps. */
export function TargetTable({ targets, measure, reps, onEdit }: Props) {
  const t = useTranslate();
  const title = useTitle();
  const { measure: id = "", currency = null } = targets[0] ?? {};
  const name = `${title(measure?.title, id)}${currency ? ` (${currency})` : ""}`;
  return (
    <section className="card" aria-label={name}>
      <header className="card-head">
        <h2>
          <Link to="/results/measures/$measure" params={{ measure: id }}>
            {name}
          </Link>
        </h2>
        {measure && <MeasureInfoButton measure={measure} />}
      </header>
      <div className="table-wrap" tabIndex={0} role="group" aria-label={name}>
        <table className="targets" role="table">
          <thead role="rowgroup">
            <tr role="row">
              <th scope="col" role="columnheader">
                {t("targets.scope")}
              </th>
              <th scope="col" role="columnheader">
                {t("targets.attainment")}
              </th>
              <th scope="col" role="columnheader" className="number">
                {t("targets.actual")}
              </th>
              <th scope="col" role="columnheader" className="number">
                {t("results.targetValue")}
              </th>
              <th scope="col" role="columnheader" className="wide-only">
                {t("targets.setBy")}
              </th>
              {onEdit && (
                <th scope="col" role="columnheader" className="no-print">
                  <span className="visually-hidden">{t("targets.edit")}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {targetTree(targets, reps).map((node) => (
              <Row key={targetKey(node.target)} node={node} measure={measure} onEdit={onEdit} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface RowProps {
  node: TargetNode;
  measure: Measure | undefined;
  onEdit?: (target: Target) => void;
}

function Row({ node: { target, depth, parts }, measure, onEdit }: RowProps) {
  const t = useTranslate();
  const format = useFormat();
  const text = useFigureFormat();
  const scope = useScopeName()(target.scope);
  const highlighted = useHighlight(target.actual, targetKey(target) + target.period);
  const unit = measure?.unit ?? "count";
  const amount = (value: number | null): string => (value === null ? "–" : text.plain(unit, value, target.currency));
  const { business_line: line, region, team, rep } = target.scope;
  return (
    <tr role="row" className={highlighted ? "changed" : undefined}>
      <th scope="row" role="rowheader" style={{ paddingLeft: `calc(var(--4) + ${depth} * 1.25rem)` }}>
        <Link
          to="/results/measures/$measure"
          params={{ measure: target.measure }}
          search={{ period: target.period, line, region, team, rep }}
        >
          {scope}
        </Link>
        {parts && target.value !== 0 && measure?.additive && (
          <div className="muted small">
            {t("targets.parts", { n: parts.n, sum: amount(parts.sum), share: format.ratio(parts.sum / target.value) })}
          </div>
        )}
      </th>
      <td role="cell" className="targets-bar">
        <Attainment
          measure={measure}
          attainment={target.attainment}
          pace={target.pace}
          target={text.plain(unit, target.value, target.currency, { compact: true })}
        />
      </td>
      <td role="cell" className="number">
        <strong>{amount(target.actual)}</strong>
      </td>
      <td role="cell" className="number targets-value">
        {amount(target.value)}
      </td>
      <td role="cell" className="wide-only muted small nowrap">
        {target.set_by}
        <br />
        <Timestamp at={target.set_at} relative />
      </td>
      {onEdit && (
        <td role="cell" className="no-print">
          <Button
            variant="quiet"
            small
            icon={<Pencil className="icon" aria-hidden />}
            label={t("targets.edit.scope", { scope })}
            onClick={() => onEdit(target)}
          />
        </td>
      )}
    </tr>
  );
}
