import { useNavigate, useParams } from "@tanstack/react-router";
import { Pencil, RotateCcw, Trash2, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import { goneStale, useGet } from "@/api/hooks";
import { useMay } from "@/api/me";
import type { Letter } from "@/api/shapes";
import { useSay } from "@/i18n";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { PageFrame } from "@/ui/Page";
import { When } from "@/ui/small";
import { Answered } from "@/ui/states";
import { DiscardDialog } from "./DiscardDialog";
import { MendDialog } from "./MendDialog";
import { pretty } from "./shapes";
import { StatusBadge } from "./StatusBadge";
import "../operations.css";

const WAITING = ["open", "replaying"]; // a replay that was cut off is one that waits

/** One dead letter: its reason, the record as it lay in the log, and what can be done with it. */
export function LetterPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const t = useSay();
  const query = useGet("/v1/dead-letters/{id}", { path: { id } });
  return (
    <PageFrame
      title={query.data?.event_type ?? t("letters.one")} above={[{ label: t("operations.letters"), to: "/operations/dead-letters" as never }]} read
      sub={query.data && <span className="row"><StatusBadge status={query.data.status} /><span>{query.data.service}</span><When at={query.data.first_failed_at} /></span>}
      actions={query.data && <Actions letter={query.data} />}
    >
      <Answered query={query}>{(letter) => <Told letter={letter} />}</Answered>
    </PageFrame>
  );
}

function Actions({ letter }: { letter: Letter }) {
  const t = useSay();
  const may = useMay();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<"mend" | "discard" | null>(null);
  const [busy, setBusy] = useState(false);
  if (!may("operate:write") || !WAITING.includes(letter.status)) return null;
  const done = async (text: string): Promise<void> => {
    announce(text);
    setAsking(null);
    await goneStale("/v1/dead-letters");
  };
  const replay = async (content?: Record<string, unknown>): Promise<void> => {
    setBusy(true);
    try {
      await call("POST", "/v1/dead-letters/{id}/replay", { path: { id: letter.id }, body: content ? { with: content } : {} });
      await done(t(content ? "letters.replayed.mended" : "letters.replayed"));
    } finally {
      setBusy(false);
    }
  };
  const discard = async (reason: string): Promise<void> => {
    await call("POST", "/v1/dead-letters/{id}/discard", { path: { id: letter.id }, body: { reason } });
    await done(t("letters.discarded"));
    void navigate({ to: "/operations/dead-letters" as never });
  };
  return (
    <>
      <Button look="primary" disabled={busy} icon={<RotateCcw className="icon" aria-hidden />} onClick={() => void replay().catch((e: Error) => announce(e.message, "bad"))}>{t("letters.replay")}</Button>
      <Button icon={<Pencil className="icon" aria-hidden />} onClick={() => setAsking("mend")}>{t("letters.mend")}</Button>
      <Button look="danger" icon={<Trash2 className="icon" aria-hidden />} onClick={() => setAsking("discard")}>{t("letters.discard")}</Button>
      {asking === "mend" && <MendDialog value={pretty(letter.value)} onReplay={replay} onClose={() => setAsking(null)} />}
      {asking === "discard" && <DiscardDialog onDiscard={discard} onClose={() => setAsking(null)} />}
    </>
  );
}

function Told({ letter }: { letter: Letter }) {
  const t = useSay();
  return (
    <>
      <p className="notice bad"><TriangleAlert className="icon" aria-hidden /><span><strong><code>{letter.code}</code></strong> {letter.error}</span></p>
      {letter.note && <p className="notice">{t("letters.note", { note: letter.note })}</p>}
      <div className="columns-2">
        <section className="card" aria-labelledby="value"><header className="card-head"><h2 id="value">{t("letters.value")}</h2></header><pre className="source" tabIndex={0} aria-labelledby="value">{pretty(letter.value)}</pre></section>
        <div className="stack-wide">
          <section className="card" aria-labelledby="place"><header className="card-head"><h2 id="place">{t("letters.place")}</h2></header>
            <dl className="facts card-body">
              <dt>{t("operations.topic")}</dt><dd><code>{letter.topic}</code></dd>
              <dt>{t("letters.partition")}</dt><dd>{letter.partition} / {letter.offset}</dd>
              <dt>{t("letters.key")}</dt><dd><code>{letter.key ?? "–"}</code></dd>
              <dt>{t("letters.appended")}</dt><dd><When at={letter.appended_at} /></dd>
              <dt>{t("letters.replays.head")}</dt><dd>{letter.replays}</dd>
              <dt>{t("letters.version")}</dt><dd>{letter.version}</dd>
            </dl>
          </section>
          <section className="card" aria-labelledby="headers"><header className="card-head"><h2 id="headers">{t("letters.headers")}</h2></header>
            <dl className="facts card-body small">{Object.entries(letter.headers ?? {}).map(([name, value]) => <div key={name} className="facts-pair"><dt><code>{name}</code></dt><dd>{value}</dd></div>)}</dl>
          </section>
        </div>
      </div>
    </>
  );
}
