import { useSay } from "@/i18n";
import { isKey } from "@/i18n/words";
import { Badge } from "@/ui/small";

const TONES: Record<string, "good" | "warn" | "bad"> = { open: "bad", replayed: "good" };

export function StatusBadge({ status }: { status: string }) {
  const t = useSay();
  const key = `letters.status.${status}`;
  return <Badge tone={TONES[status]}>{isKey(key) ? t(key) : status}</Badge>;
}
