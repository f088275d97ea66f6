import { Download } from "lucide-react";
import { useState } from "react";
import { requestUrl } from "@/shared/api/client";
import { Problem, parseProblem } from "@/shared/api/problem";
import type { Parameters } from "@/shared/api/queries";
import { useTranslate } from "@/shared/i18n";
import { announce } from "./announce";
import { Button } from "./Button";

interface Props {
  template: string;
  parameters: Parameters;
  /** The file's name without its extension. */
  name: string;
}

/** Downloads the resource as CSV. */
export function CsvButton({ template, parameters, name }: Props) {
  const t = useTranslate();
  const [busy, setBusy] = useState(false);
  const download = async (): Promise<void> => {
    setBusy(true);
    try {
      const response = await fetch(requestUrl(template, parameters), {
        headers: { accept: "text/csv", "accept-language": document.documentElement.lang },
        credentials: "same-origin",
      });
      if (!response.ok) throw await parseProblem(response);
      saveFile(await response.blob(), `${name}.csv`);
    } catch (error) {
      announce(error instanceof Problem ? error.message : t("state.failed"), "bad");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button small disabled={busy} icon={<Download className="icon" aria-hidden />} onClick={() => void download()}>
      CSV
    </Button>
  );
}

function saveFile(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
