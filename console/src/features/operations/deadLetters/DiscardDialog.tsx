import { useState } from "react";
import { useTranslate } from "@/shared/i18n";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";

interface Props {
  onDiscard: (reason: string) => Promise<void>;
  onClose: () => void;
}

/** Discards a dead letter. The reason is required and stored with it. */
export function DiscardDialog({ onDiscard, onClose }: Props) {
  const t = useTranslate();
  const [reason, setReason] = useState("");
  const [error, setError] = useState<string | null>(null);
  const discard = (): void => void onDiscard(reason.trim()).catch((failure: Error) => setError(failure.message));
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("deadLetters.discard")}
      description={t("deadLetters.discard.description")}
      footer={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button variant="danger" disabled={!reason.trim()} onClick={discard}>
            {t("deadLetters.discard")}
          </Button>
        </>
      }
    >
      <div className="field">
        <label htmlFor="reason">{t("deadLetters.discard.reason")}</label>
        <input
          id="reason"
          className="input"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          autoComplete="off"
        />
        {error && (
          <span className="fault" role="alert">
            {error}
          </span>
        )}
      </div>
    </Dialog>
  );
}
