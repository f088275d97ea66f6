import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Pencil, RotateCcw, Trash2, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { request } from "@/shared/api/client";
import { invalidate, useGet } from "@/shared/api/queries";
import type { DeadLetter } from "@/shared/api/types";
import { usePermission } from "@/shared/api/viewer";
import { useNames, useTranslate } from "@/shared/i18n";
import { announce } from "@/shared/ui/announce";
import { Button } from "@/shared/ui/Button";
import { Card } from "@/shared/ui/Card";
import { type Description, DescriptionCard } from "@/shared/ui/DescriptionCard";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Timestamp } from "@/shared/ui/primitives";
import { QueryView } from "@/shared/ui/queryStates";
import { DiscardDialog } from "./DiscardDialog";
import { prettyJson } from "./deadLetters";
import { EditDialog } from "./EditDialog";
import { StatusBadge } from "./StatusBadge";
import "../operations.css";

/** A replay that was interrupted can be repeated. */
const OPEN_STATUSES = ["open", "replaying"];
const route = getRouteApi("/operations/dead-letters/$id");

/** A dead letter: the error, the record, and the actions on it. */
export function DeadLetterPage() {
  const { id } = route.useParams();
  const t = useTranslate();
  const serviceName = useNames("service");
  const query = useGet("/v1/dead-letters/{id}", { path: { id } });
  const deadLetter = query.data;
  return (
    <PageLayout
      title={deadLetter?.event_type ?? t("deadLetters.one")}
      parent={<Link to="/operations/dead-letters">{t("operations.deadLetters")}</Link>}
      narrow
      subtitle={
        deadLetter && (
          <span className="row">
            <StatusBadge status={deadLetter.status} />
            <span>{serviceName(deadLetter.service)}</span>
            <Timestamp at={deadLetter.first_failed_at} />
          </span>
        )
      }
      actions={deadLetter && <DeadLetterActions deadLetter={deadLetter} />}
    >
      <QueryView query={query}>{(data) => <DeadLetterDetails deadLetter={data} />}</QueryView>
    </PageLayout>
  );
}

function DeadLetterActions({ deadLetter }: { deadLetter: DeadLetter }) {
  const t = useTranslate();
  const canWrite = usePermission()("operate:write");
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<"edit" | "discard" | null>(null);
  const [busy, setBusy] = useState(false);
  if (!canWrite || !OPEN_STATUSES.includes(deadLetter.status)) return null;
  const path = { id: deadLetter.id };
  const finish = async (message: string): Promise<void> => {
    announce(message);
    setDialog(null);
    await invalidate("/v1/dead-letters");
  };
  const replay = async (content?: Record<string, unknown>): Promise<void> => {
    setBusy(true);
    try {
      await request("POST", "/v1/dead-letters/{id}/replay", { path, body: content ? { with: content } : {} });
      await finish(t(content ? "deadLetters.edit.done" : "deadLetters.replay.done"));
    } finally {
      setBusy(false);
    }
  };
  const discard = async (reason: string): Promise<void> => {
    await request("POST", "/v1/dead-letters/{id}/discard", { path, body: { reason } });
    await finish(t("deadLetters.discard.done"));
    void navigate({ to: "/operations/dead-letters" });
  };
  return (
    <>
      <Button
        variant="primary"
        disabled={busy}
        icon={<RotateCcw className="icon" aria-hidden />}
        onClick={() => void replay().catch((error: Error) => announce(error.message, "bad"))}
      >
        {t("deadLetters.replay")}
      </Button>
      <Button icon={<Pencil className="icon" aria-hidden />} onClick={() => setDialog("edit")}>
        {t("deadLetters.edit")}
      </Button>
      <Button variant="danger" icon={<Trash2 className="icon" aria-hidden />} onClick={() => setDialog("discard")}>
        {t("deadLetters.discard")}
      </Button>
      {dialog === "edit" && (
        <EditDialog value={prettyJson(deadLetter.value)} onReplay={replay} onClose={() => setDialog(null)} />
      )}
      {dialog === "discard" && <DiscardDialog onDiscard={discard} onClose={() => setDialog(null)} />}
    </>
  );
}

function DeadLetterDetails({ deadLetter }: { deadLetter: DeadLetter }) {
  const t = useTranslate();
  const record: Description[] = [
    { label: t("operations.topic"), value: <code>{deadLetter.topic}</code> },
    { label: t("deadLetters.partition"), value: `${deadLetter.partition} / ${deadLetter.offset}` },
    { label: t("deadLetters.key"), value: <code>{deadLetter.key ?? "–"}</code> },
    { label: t("deadLetters.appended"), value: <Timestamp at={deadLetter.appended_at} /> },
    { label: t("deadLetters.replays"), value: deadLetter.replays },
    { label: t("deadLetters.version"), value: deadLetter.version },
  ];
  const headers = Object.entries(deadLetter.headers ?? {}).map(([label, value]): Description => ({ label, value }));
  return (
    <>
      <p className="notice bad">
        <TriangleAlert className="icon" aria-hidden />
        <span>
          <strong>
            <code>{deadLetter.code}</code>
          </strong>{" "}
          {deadLetter.error}
        </span>
      </p>
      {deadLetter.note && <p className="notice">{t("deadLetters.note", { note: deadLetter.note })}</p>}
      <div className="columns-2">
        <Card heading={t("deadLetters.content")}>
          <pre className="source" tabIndex={0} role="group" aria-label={t("deadLetters.content")}>
            {prettyJson(deadLetter.value)}
          </pre>
        </Card>
        <div className="stack-wide">
          <DescriptionCard title={t("deadLetters.record")} rows={record} />
          <DescriptionCard title={t("deadLetters.headers")} rows={headers} />
        </div>
      </div>
    </>
  );
}
