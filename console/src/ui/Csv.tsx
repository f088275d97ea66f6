import { Download } from "lucide-react";
import { useState } from "react";
import { address, type Asked } from "@/api/client";
import { Problem, problemOf } from "@/api/problem";
import { useSay } from "@/i18n";
import { announce } from "./announce";
import { Button } from "./Button";

/** The same question, answered as a file for a spreadsheet. */
export function Csv({ template, asked, name }: { template: string; asked: Pick<Asked, "path" | "query">; name: string }) {
  const t = useSay();
  const [busy, setBusy] = useState(false);
  const load = async (): Promise<void> => {
    setBusy(true);
    try {
      const response = await fetch(address(template, asked), { headers: { accept: "text/csv", "accept-language": document.documentElement.lang }, credentials: "same-origin" });
      if (!response.ok) throw await problemOf(response);
      save(await response.blob(), `${name}.csv`);
    } catch (error) {
      announce(error instanceof Problem ? error.message : t("state.failed"), "bad");
    } finally {
      setBusy(false);
    }
  };
  return <Button small disabled={busy} icon={<Download className="icon" aria-hidden />} onClick={() => void load()}>CSV</Button>;
}

function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
