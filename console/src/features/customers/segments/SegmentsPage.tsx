import { getRouteApi } from "@tanstack/react-router";
import { useGet } from "@/shared/api/queries";
import type { Segments } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTitle, useTranslate } from "@/shared/i18n";
import { Card } from "@/shared/ui/Card";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Meter } from "@/shared/ui/primitives";
import { QueryView } from "@/shared/ui/queryStates";
import { RfmMatrix } from "./RfmMatrix";
import { SegmentMembers } from "./SegmentMembers";
import "./segments.css";

const route = getRouteApi("/process/segments");

/** The customer segments, now or on a past day: their sizes, the RFM matrix, and the members of the selected one. */
export function SegmentsPage() {
  const t = useTranslate();
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const { as_of, segment } = search;
  const update = (change: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const segments = useGet("/v1/segments", { query: { as_of } }, { keepPrevious: true });
  const matrix = useGet("/v1/segments/rfm/matrix", { query: { as_of } }, { keepPrevious: true });
  return (
    <PageLayout
      title={t("segments.title")}
      subtitle={segments.data && t("segments.subtitle", { n: segments.data.customers })}
      filters={
        <div className="filters no-print" role="group" aria-label={t("filter.label")}>
          <label className="row small">
            {t("segments.asOf")}
            <input
              className="input"
              style={{ width: "auto" }}
              type="date"
              value={as_of ?? ""}
              onChange={(event) => update({ as_of: event.target.value || undefined })}
            />
          </label>
        </div>
      }
    >
      <div className="segments-top">
        <Card heading={t("segments.title")}>
          <QueryView query={segments}>
            {(data) => (
              <SegmentList
                segments={data}
                selected={segment}
                onSelect={(name) => update({ segment: name === segment ? undefined : name })}
              />
            )}
          </QueryView>
        </Card>
        <Card heading={t("segments.matrix")}>
          <QueryView query={matrix}>
            {({ cells }) => <RfmMatrix cells={cells} cutoffs={segments.data?.cutoffs} />}
          </QueryView>
        </Card>
      </div>
      {segment && (
        <SegmentMembers
          key={segment + (as_of ?? "")}
          name={segment}
          asOf={as_of}
          segments={segments.data?.items ?? []}
        />
      )}
    </PageLayout>
  );
}

interface SegmentListProps {
  segments: Segments;
  selected: string | undefined;
  onSelect: (name: string) => void;
}

function SegmentList({ segments, selected, onSelect }: SegmentListProps) {
  const title = useTitle();
  const format = useFormat();
  const maximum = Math.max(1, ...segments.items.map((segment) => segment.members));
  return (
    <ul className="segment-list">
      {segments.items.map((segment) => (
        <li key={segment.name}>
          <button type="button" aria-pressed={segment.name === selected} onClick={() => onSelect(segment.name)}>
            <span className="clip">{title(segment.title, segment.name)}</span>
            <Meter share={segment.members / maximum} />
            <strong className="number">{format.number(segment.members)}</strong>
            <span className="muted number">
              {segments.customers ? format.ratio(segment.members / segments.customers) : "–"}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
