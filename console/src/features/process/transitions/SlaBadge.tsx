import { AlarmClock, Clock } from "lucide-react";
import { useEffect, useState } from "react";
import type { Deal } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTranslate } from "@/shared/i18n";
import { Badge } from "@/shared/ui/primitives";

/** The deadline of the current stage: the first one that was breached, else the next one. */
export function slaDeadline(deal: Deal, now = Date.now()): { at: string; overdue: boolean } | null {
  if (deal.status !== "open") return null;
  const entered = deal.stage_entered_at ?? "";
  const breached = deal.breaches
    .filter((b) => b.stage === deal.stage && b.due_at >= entered)
    .map((b) => b.due_at)
    .sort()[0];
  const at = breached ?? deal.due_at;
  return at ? { at, overdue: new Date(at).getTime() <= now } : null;
}

/** The current time, updated every 30 s. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function SlaBadge({ deal, now }: { deal: Deal; now: number }) {
  const t = useTranslate();
  const format = useFormat();
  const deadline = slaDeadline(deal, now);
  if (!deadline) return null;
  const soon = new Date(deadline.at).getTime() - now < 86_400_000;
  const when = format.relative(deadline.at, now);
  return deadline.overdue ? (
    <Badge tone="bad" icon={<AlarmClock className="icon" aria-hidden />}>
      {t("sla.overdue", { when })}
    </Badge>
  ) : (
    <Badge tone={soon ? "warn" : undefined} icon={<Clock className="icon" aria-hidden />}>
      {t("sla.due", { when })}
    </Badge>
  );
}
