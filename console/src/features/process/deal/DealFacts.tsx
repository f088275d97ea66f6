import { Link } from "@tanstack/react-router";
import { useBusinessLines, useRepName } from "@/shared/api/organisation";
import type { Blueprint, Deal } from "@/shared/api/types";
import { useAttributeFormat } from "@/shared/format/attributes";
import { useTitle, useTranslate } from "@/shared/i18n";
import { type Description, DescriptionCard } from "@/shared/ui/DescriptionCard";
import { Amount, DateText, NoValue, Timestamp } from "@/shared/ui/primitives";

interface Props {
  deal: Deal;
  customerName: string;
  blueprint: Blueprint | undefined;
}

/** The attributes of a deal, with links to what belongs to it. */
export function DealFacts({ deal, customerName, blueprint }: Props) {
  const t = useTranslate();
  const title = useTitle();
  const repName = useRepName();
  const attribute = useAttributeFormat();
  const lines = useBusinessLines();
  const line = lines.find((one) => one.value === deal.business_line)?.label ?? deal.business_line;
  const lossReason = blueprint?.loss_reasons.find((one) => one.name === deal.loss_reason);
  const rows: Description[] = [
    {
      label: t("deal.customer"),
      value: deal.customer_id ? (
        <Link to="/process/customers/$id" params={{ id: deal.customer_id }}>
          {customerName}
        </Link>
      ) : (
        <NoValue />
      ),
    },
    { label: t("deal.amount"), value: <Amount money={deal.amount} /> },
    {
      label: t("deal.rep"),
      value: deal.rep_id ? (
        <Link to="/process/worklist" search={{ rep: deal.rep_id }}>
          {repName(deal.rep_id)}
        </Link>
      ) : (
        <NoValue />
      ),
    },
    { label: t("deal.expectedClose"), value: <DateText on={deal.expected_close_on} /> },
    { label: t("deal.opened"), value: deal.opened_at ? <Timestamp at={deal.opened_at} /> : t("deal.undated") },
  ];
  if (deal.closed_at) rows.push({ label: t("deal.closed"), value: <Timestamp at={deal.closed_at} /> });
  if (deal.loss_reason) rows.push({ label: t("deal.lossReason"), value: title(lossReason?.title, deal.loss_reason) });
  rows.push(
    { label: t("deal.line"), value: line },
    {
      label: t("deal.blueprint"),
      value: (
        <Link to="/process/blueprint" search={{ pipeline: deal.pipeline }}>
          {title(blueprint?.title, deal.pipeline)} <span className="muted">{deal.blueprint}</span>
        </Link>
      ),
    },
    { label: t("deal.region"), value: deal.region ?? <NoValue /> },
    { label: t("deal.team"), value: deal.team ?? <NoValue /> },
  );
  if (deal.lead_id) {
    const link = (
      <Link key="lead" to="/process/leads/$id" params={{ id: deal.lead_id }}>
        {deal.lead_id}
      </Link>
    );
    rows.push({ label: t("deal.lead"), value: link });
  }
  if (deal.product_id) rows.push({ label: t("deal.product"), value: deal.product_id });
  for (const [name, value] of Object.entries(deal.dimensions ?? {}))
    rows.push({ label: attribute.name(name), value: value });
  for (const [name, value] of Object.entries(deal.fields)) {
    if (value !== null && typeof value !== "object")
      rows.push({ label: attribute.name(name), value: attribute.value(value) });
  }
  rows.push({ label: t("deal.updated"), value: <Timestamp at={deal.updated_at} relative /> });
  return <DescriptionCard title={t("deal.facts")} rows={rows} />;
}
