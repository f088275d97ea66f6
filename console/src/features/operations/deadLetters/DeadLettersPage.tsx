import { getRouteApi, Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { Fragment, type ReactNode, useState } from "react";
import { useGet, useList } from "@/shared/api/queries";
import type { DeadLetterGroup, DeadLetterStats } from "@/shared/api/types";
import { usePermission } from "@/shared/api/viewer";
import { useFormat } from "@/shared/format";
import { useNames, useTranslate } from "@/shared/i18n";
import { Button } from "@/shared/ui/Button";
import { PagedList } from "@/shared/ui/PagedList";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Badge, NoValue, Timestamp } from "@/shared/ui/primitives";
import { Select } from "@/shared/ui/Select";
import { type Column, Table } from "@/shared/ui/Table";
import { DEAD_LETTER_STATUSES } from "../searchValues";
import { TextFilter } from "../TextFilter";
import { type DeadLetterFilter, FILTER_NAMES } from "./deadLetters";
import { ReplayAllDialog } from "./ReplayAllDialog";
import { StatusBadge } from "./StatusBadge";
import "../operations.css";

const route = getRouteApi("/operations/dead-letters");

/** The dead letters, one row for each record with the errors of all services that rejected it. */
export function DeadLettersPage() {
  const t = useTranslate();
  const canReplay = usePermission()("operate:write");
  const serviceName = useNames("service");
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const { status = "open", service, topic, code, event_type } = search;
  const update = (change: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const values = { service, topic, code, event_type, status: status === "all" ? undefined : status };
  const filter: DeadLetterFilter = Object.fromEntries(
    FILTER_NAMES.flatMap((name) => (values[name] ? [[name, values[name]]] : [])),
  );
  const query = useList(
    "/v1/dead-letters",
    { query: { ...filter, grouped: "true" } },
    { keepPrevious: true, limit: 50 },
  );
  const stats = useGet("/v1/dead-letters/stats", {}, { keepPrevious: true }).data;
  const open = stats?.status.open ?? 0;
  const [replaying, setReplaying] = useState(false);
  const asOptions = (names: string[], label = (name: string) => name) =>
    names.map((value) => ({ value, label: label(value) }));
  return (
    <PageLayout
      title={t("operations.deadLetters")}
      subtitle={stats && t("deadLetters.subtitle", { n: open })}
      actions={
        canReplay &&
        open > 0 && (
          <Button icon={<RotateCcw className="icon" aria-hidden />} onClick={() => setReplaying(true)}>
            {t("deadLetters.replayAll")}
          </Button>
        )
      }
      filters={
        <div className="filters no-print" role="group" aria-label={t("filter.label")}>
          <Select
            label={t("deadLetters.status")}
            value={status}
            onChange={(value) => update({ status: value })}
            options={DEAD_LETTER_STATUSES.map((value) => ({ value, label: t(`deadLetters.status.${value}`) }))}
          />
          <Select
            label={t("operations.service")}
            emptyLabel={t("deadLetters.service.all")}
            value={service}
            onChange={(value) => update({ service: value })}
            options={asOptions(Object.keys(stats?.services ?? {}), serviceName)}
          />
          <Select
            label={t("operations.topic")}
            emptyLabel={t("deadLetters.topic.all")}
            value={topic}
            onChange={(value) => update({ topic: value })}
            options={asOptions(Object.keys(stats?.topic ?? {}))}
          />
          <TextFilter
            label={t("deadLetters.eventType")}
            value={event_type}
            onChange={(value) => update({ event_type: value })}
          />
        </div>
      }
    >
      <ErrorCodes stats={stats} selected={code} onSelect={(value) => update({ code: value })} />
      <section className="card">
        <PagedList query={query} items={query.items} emptyTitle={t("deadLetters.empty")}>
          <DeadLetterTable groups={query.items as DeadLetterGroup[]} />
        </PagedList>
      </section>
      {replaying && <ReplayAllDialog filter={filter} onClose={() => setReplaying(false)} />}
    </PageLayout>
  );
}

interface ErrorCodesProps {
  stats: DeadLetterStats | undefined;
  selected: string | undefined;
  onSelect: (code: string | undefined) => void;
}

/** The error codes of open dead letters with their numbers; each is a filter. */
function ErrorCodes({ stats, selected, onSelect }: ErrorCodesProps) {
  const t = useTranslate();
  const format = useFormat();
  const codes = Object.entries(stats?.code ?? {}).sort(([, a], [, b]) => b - a);
  if (codes.length === 0) return null;
  return (
    <div className="row" role="group" aria-label={t("deadLetters.codes")}>
      {codes.map(([code, count]) => (
        <Button
          key={code}
          small
          aria-pressed={code === selected}
          className={code === selected ? "pressed" : ""}
          onClick={() => onSelect(code === selected ? undefined : code)}
        >
          {code} <Badge tone="bad">{format.number(count)}</Badge>
        </Button>
      ))}
    </div>
  );
}

/** Allows line breaks after the dots and underscores of an event type. */
function breakable(eventType: string): ReactNode {
  const parts = eventType.split(/(?<=[._])/);
  return parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a name never change their order
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

function DeadLetterTable({ groups }: { groups: DeadLetterGroup[] }) {
  const t = useTranslate();
  const serviceName = useNames("service");
  const columns: Column<DeadLetterGroup>[] = [
    {
      id: "event",
      header: t("deadLetters.event"),
      sortValue: (group) => group.event_type,
      cell: ({ event_type, event_source, event_id, letters }) => (
        <div className="dead-letter-event">
          <Link to="/operations/dead-letters/$id" params={{ id: letters[0]?.id ?? "" }}>
            <strong>{event_type ? breakable(event_type) : t("deadLetters.noEventType")}</strong>
          </Link>
          <div className="muted small dead-letter-id">
            {event_source} · {event_id}
          </div>
        </div>
      ),
    },
    {
      id: "errors",
      header: t("deadLetters.errors"),
      cell: (group) => (
        <ul className="stack dead-letter-errors">
          {group.letters.map(({ id, service, code, status, replays, error }) => (
            <li key={id}>
              <div className="row tight">
                <Badge>{serviceName(service)}</Badge>
                <code>{code}</code>
                <StatusBadge status={status} />
                {replays > 0 && <span className="muted small">{t("deadLetters.replays.count", { n: replays })}</span>}
              </div>
              <Link to="/operations/dead-letters/$id" params={{ id }} className="dead-letter-error">
                {error}
              </Link>
            </li>
          ))}
        </ul>
      ),
    },
    {
      id: "record",
      header: t("deadLetters.record"),
      sortValue: (group) => `${group.topic} ${group.partition} ${group.offset}`,
      cell: ({ topic, partition, offset }) => (
        <div>
          <code>{topic}</code>
          <div className="muted small">
            {partition} / {offset}
          </div>
        </div>
      ),
    },
    {
      id: "failed",
      header: t("deadLetters.failedAt"),
      sortValue: (group) => group.letters[0]?.first_failed_at,
      cell: ({ letters: [first] }) =>
        first ? (
          <span className="nowrap">
            <Timestamp at={first.first_failed_at} relative />
          </span>
        ) : (
          <NoValue />
        ),
    },
  ];
  return (
    <Table
      label={t("operations.deadLetters")}
      columns={columns}
      rows={groups}
      rowKey={({ topic, partition, offset }) => `${topic}/${partition}/${offset}`}
    />
  );
}
