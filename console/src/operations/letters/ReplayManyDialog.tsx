import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "@/api/client";
import { goneStale } from "@/api/hooks";
import type { Replayed } from "@/api/shapes";
import { useSay } from "@/i18n";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Failure, Loading } from "@/ui/states";
import type { Conditions } from "./shapes";

const MOST = 1000;

/** Gives back everything that waits and meets the filters; says first how many that would be. */
export function ReplayManyDialog({ where, onClose }: { where: Conditions; onClose: () => void }) {
  const t = useSay();
  const [busy, setBusy] = useState(false);
  const open = { ...where, status: "open" };
  const ask = async (dry_run: boolean): Promise<Replayed> =>
    (await call<Replayed>("POST", "/v1/dead-letters/replay", { body: { where: open, limit: MOST, dry_run } })).body;
  const trial = useQuery({ queryKey: ["replay", open], queryFn: () => ask(true), gcTime: 0, retry: false });
  const replay = async (): Promise<void> => {
    setBusy(true);
    try {
      const done = await ask(false);
      announce(t("letters.replayed.many", { n: done.items.length }));
      await goneStale("/v1/dead-letters");
      onClose();
    } catch (error) {
      announce((error as Error).message, "bad");
      setBusy(false);
    }
  };
  return (
    <Dialog
      open onClose={onClose} title={t("letters.replayMany")} about={Object.entries(open).map(([name, value]) => `${name} = ${value}`).join(", ")}
      foot={<><Button onClick={onClose}>{t("action.cancel")}</Button><Button look="primary" disabled={busy || !trial.data?.matched} onClick={() => void replay()}>{t("letters.replay")}</Button></>}
    >
      {trial.isPending ? <Loading rows={1} /> : trial.isError ? <Failure error={trial.error} /> : <p>{t("letters.would", { n: trial.data.matched })}</p>}
      <p className="muted">{t("letters.replay.why")}</p>
    </Dialog>
  );
}
