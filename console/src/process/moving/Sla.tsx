import { AlarmClock, Clock } from "lucide-react";
import { useEffect, useState } from "react";
import type { Deal } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay } from "@/i18n";
import { Badge } from "@/ui/small";

/** When the present stay is due, missed deadlines of this stay before those to come. */
export function clockOf(deal: Deal, now = Date.now()): { at: string; late: boolean } | null {
  if (deal.status !== "open") return null;
  const entered = deal.stage_entered_at ?? "";
  const missed = deal.breaches.filter((b) => b.stage === deal.stage && b.due_at >= entered).map((b) => b.due_at).sort()[0];
  const at = missed ?? deal.due_at;
  return at ? { at, late: new Date(at).getTime() <= now } : null;
}

/** This moment, anew every half minute: clocks go on while one looks. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function SlaBadge({ deal, now }: { deal: Deal; now: number }) {
  const t = useSay();
  const format = useFormat();
  const clock = clockOf(deal, now);
  if (!clock) return null;
  const soon = new Date(clock.at).getTime() - now < 86_400_000;
  const when = format.distance(clock.at, now);
  return clock.late
    ? <Badge tone="bad" icon={<AlarmClock className="icon" aria-hidden />}>{t("sla.late", { when })}</Badge>
    : <Badge tone={soon ? "warn" : undefined} icon={<Clock className="icon" aria-hidden />}>{t("sla.due", { when })}</Badge>;
}
