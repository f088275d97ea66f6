import { useState } from "react";
import { useSay } from "@/i18n";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";

/** Closing one asks for a reason: it is kept with the letter. */
export function DiscardDialog({ onDiscard, onClose }: { onDiscard: (reason: string) => Promise<void>; onClose: () => void }) {
  const t = useSay();
  const [reason, setReason] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  return (
    <Dialog
      open onClose={onClose} title={t("letters.discard")} about={t("letters.discard.why")}
      foot={<><Button onClick={onClose}>{t("action.cancel")}</Button><Button look="danger" disabled={!reason.trim()} onClick={() => void onDiscard(reason.trim()).catch((e: Error) => setFault(e.message))}>{t("letters.discard")}</Button></>}
    >
      <div className="field">
        <label htmlFor="reason">{t("letters.reason")}</label>
        <input id="reason" className="input" value={reason} onChange={(e) => setReason(e.target.value)} autoComplete="off" />
        {fault && <span className="fault" role="alert">{fault}</span>}
      </div>
    </Dialog>
  );
}
