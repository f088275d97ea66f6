import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "@/shared/api/client";
import { invalidate } from "@/shared/api/queries";
import type { ReplayResult } from "@/shared/api/types";
import { useTranslate } from "@/shared/i18n";
import { announce } from "@/shared/ui/announce";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { ErrorState, LoadingState } from "@/shared/ui/queryStates";
import type { DeadLetterFilter } from "./deadLetters";

const MAX_REPLAYED = 1000;

/** Replays all open dead letters that match the filter. A dry run shows first how many they are. */
export function ReplayAllDialog({ filter, onClose }: { filter: DeadLetterFilter; onClose: () => void }) {
  const t = useTranslate();
  const [busy, setBusy] = useState(false);
  const where = { ...filter, status: "open" };
  const send = async (dry_run: boolean): Promise<ReplayResult> => {
    const body = { where, limit: MAX_REPLAYED, dry_run };
    return (await request<ReplayResult>("POST", "/v1/dead-letters/replay", { body })).body;
  };
  const dryRun = useQuery({ queryKey: ["replay", where], queryFn: () => send(true), gcTime: 0, retry: false });
  const replay = async (): Promise<void> => {
    setBusy(true);
    try {
      const { items } = await send(false);
      announce(t("deadLetters.replayAll.done", { n: items.length }));
      await invalidate("/v1/dead-letters");
      onClose();
    } catch (error) {
      announce((error as Error).message, "bad");
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("deadLetters.replayAll")}
      description={Object.entries(where)
        .map(([name, value]) => `${name} = ${value}`)
        .join(", ")}
      footer={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button variant="primary" disabled={busy || !dryRun.data?.matched} onClick={() => void replay()}>
            {t("deadLetters.replay")}
          </Button>
        </>
      }
    >
      {dryRun.isPending ? (
        <LoadingState rows={1} />
      ) : dryRun.isError ? (
        <ErrorState error={dryRun.error} />
      ) : (
        <p>{t("deadLetters.replayAll.count", { n: dryRun.data.matched })}</p>
      )}
      <p className="muted">{t("deadLetters.replayAll.description")}</p>
    </Dialog>
  );
}
