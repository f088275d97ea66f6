import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslate } from "@/shared/i18n";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { parseReplacement } from "./deadLetters";

interface Props {
  value: string;
  onReplay: (content: Record<string, unknown>) => Promise<void>;
  onClose: () => void;
}

/** Edits the content of a dead letter and replays it. */
export function EditDialog({ value, onReplay, onClose }: Props) {
  const t = useTranslate();
  const [text, setText] = useState(value);
  const [error, setError] = useState<string | null>(null);
  const replay = async (): Promise<void> => {
    const result = parseReplacement(text);
    if ("error" in result) return setError(t(`deadLetters.edit.${result.error}`));
    await onReplay(result.content).catch((failure: Error) => setError(failure.message));
  };
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t("deadLetters.edit")}
      description={t("deadLetters.edit.description")}
      footer={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button variant="primary" onClick={() => void replay()}>
            {t("deadLetters.replay")}
          </Button>
        </>
      }
    >
      <div className="field">
        <label htmlFor="replacement">{t("deadLetters.content")}</label>
        <textarea
          id="replacement"
          className="input source-edit"
          rows={18}
          spellCheck={false}
          value={text}
          aria-invalid={error !== null}
          aria-describedby={error ? "replacement-error" : undefined}
          onChange={(event) => {
            setText(event.target.value);
            setError(null);
          }}
        />
      </div>
      {error && (
        <p className="notice bad" id="replacement-error" role="alert">
          <TriangleAlert className="icon" aria-hidden />
          {error}
        </p>
      )}
    </Dialog>
  );
}
