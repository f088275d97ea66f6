import { useNames } from "@/shared/i18n";
import { Badge, type Tone } from "@/shared/ui/primitives";

const TONES: Record<string, Tone> = { open: "bad", replayed: "good" };

export function StatusBadge({ status }: { status: string }) {
  const statusName = useNames("deadLetters.status");
  return <Badge tone={TONES[status]}>{statusName(status)}</Badge>;
}
