import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useSay } from "@/i18n";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { mended } from "./shapes";

/** The event or its data, mended by hand, and given back in the place of what could not be taken. */
export function MendDialog({ value, onReplay, onClose }: { value: string; onReplay: (content: Record<string, unknown>) => Promise<void>; onClose: () => void }) {
  const t = useSay();
  const [text, setText] = useState(value);
  const [fault, setFault] = useState<string | null>(null);
  const replay = async (): Promise<void> => {
    const found = mended(text);
    if ("fault" in found) return setFault(t(`letters.mend.${found.fault}`));
    await onReplay(found.content).catch((error: Error) => setFault(error.message));
  };
  return (
    <Dialog
      open wide onClose={onClose} title={t("letters.mend")} about={t("letters.mend.why")}
      foot={<><Button onClick={onClose}>{t("action.cancel")}</Button><Button look="primary" onClick={() => void replay()}>{t("letters.replay")}</Button></>}
    >
      <div className="field">
        <label htmlFor="mended">{t("letters.value")}</label>
        <textarea id="mended" className="input source-edit" rows={18} spellCheck={false} value={text} aria-invalid={fault !== null} aria-describedby={fault ? "mended-fault" : undefined} onChange={(e) => (setText(e.target.value), setFault(null))} />
      </div>
      {fault && <p className="notice bad" id="mended-fault" role="alert"><TriangleAlert className="icon" aria-hidden />{fault}</p>}
    </Dialog>
  );
}
