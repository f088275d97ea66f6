/** Small components that many pages use. */
import type { ReactNode } from "react";
import { type Money, useFormat } from "@/shared/format";
import { useTranslate } from "@/shared/i18n";

export type Tone = "good" | "warn" | "bad" | "accent";

interface BadgeProps {
  tone?: Tone;
  icon?: ReactNode;
  children: ReactNode;
}

export function Badge({ tone, icon, children }: BadgeProps) {
  return (
    <span className={tone ? `badge ${tone}` : "badge"}>
      {icon}
      {children}
    </span>
  );
}

/** One amount, or one for each currency; a dash for none. */
export function Amount({ money, compact }: { money: Money | readonly Money[] | null | undefined; compact?: boolean }) {
  const format = useFormat();
  const amounts = money ? [money].flat() : [];
  if (amounts.length === 0) return <NoValue />;
  return <span className="nowrap">{amounts.map((amount) => format.money(amount, compact)).join(" + ")}</span>;
}

/** An instant in the user's time zone; `relative`: "3 days ago", with the instant in the tooltip. */
export function Timestamp({ at, relative }: { at: string | null | undefined; relative?: boolean }) {
  const format = useFormat();
  if (!at) return <NoValue />;
  const instant = format.instant(at);
  return (
    <time dateTime={at} title={instant}>
      {relative ? format.relative(at) : instant}
    </time>
  );
}

/** The instant up to which all received data is counted. */
export function CompleteUntil({ at }: { at: string | null | undefined }) {
  const t = useTranslate();
  return (
    <>
      {t("time.completeUntil")} <Timestamp at={at} />
    </>
  );
}

export function DateText({ on }: { on: string | null | undefined }) {
  const format = useFormat();
  return on ? <time dateTime={on}>{format.day(on)}</time> : <NoValue />;
}

/** A dash, read out as "not known". */
export function NoValue() {
  const t = useTranslate();
  return (
    <span className="muted" aria-label={t("state.unknown")} role="img">
      –
    </span>
  );
}

/** A bar for a share between 0 and 1; the number itself is shown beside it. */
export function Meter({ share }: { share: number }) {
  return (
    <span className="meter" aria-hidden>
      <span style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }} />
    </span>
  );
}
