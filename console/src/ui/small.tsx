/** Small things that many pages show. */
import { Tooltip as Primitive } from "radix-ui";
import type { ReactElement, ReactNode, SelectHTMLAttributes } from "react";
import { useFormat, type Money } from "@/format";
import { useSay } from "@/i18n";

export function Badge({ tone, icon, children }: { tone?: "good" | "warn" | "bad" | "accent"; icon?: ReactNode; children: ReactNode }) {
  return <span className={tone ? `badge ${tone}` : "badge"}>{icon}{children}</span>;
}

export function Tooltip({ text, children }: { text: ReactNode; children: ReactElement }) {
  return (
    <Primitive.Root delayDuration={300}>
      <Primitive.Trigger asChild>{children}</Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Content className="tooltip" sideOffset={4} collisionPadding={8}>{text}</Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

/** An amount; several currencies one after the other; a dash for none. */
export function Amount({ money, compact }: { money: Money | readonly Money[] | null | undefined; compact?: boolean }) {
  const { money: write } = useFormat();
  const all = !money ? [] : Array.isArray(money) ? (money as Money[]) : [money as Money];
  if (all.length === 0) return <Unknown />;
  return <span className="nowrap">{all.map((m) => write(m, compact)).join(" + ")}</span>;
}

/** A moment in the viewer's zone; `distance`: how long ago, with the moment itself in a tooltip. */
export function When({ at, distance }: { at: string | null | undefined; distance?: boolean }) {
  const format = useFormat();
  if (!at) return <Unknown />;
  const text = format.instant(at);
  return <time dateTime={at} title={text}>{distance ? format.distance(at) : text}</time>;
}

export function Day({ on }: { on: string | null | undefined }) {
  const format = useFormat();
  return on ? <time dateTime={on}>{format.day(on)}</time> : <Unknown />;
}

export function Unknown() {
  const t = useSay();
  return <span className="muted" aria-label={t("state.unknown")} role="img">–</span>;
}

interface SelectProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "onChange"> {
  label: string;
  choices: readonly { value: string; label: string }[];
  /** More of them, under headings. */
  groups?: readonly { label: string; choices: readonly { value: string; label: string }[] }[];
  /** What the empty choice is called; without it there is none. */
  all?: string;
  onChoose: (value: string) => void;
}

/** The system's own select: right on every device and for every screen reader. Its label is for those who cannot see it. */
export function Select({ label, choices, groups = [], all, value, onChoose, className = "", ...rest }: SelectProps) {
  const known = !value || [...choices, ...groups.flatMap((g) => g.choices)].some((c) => c.value === value);
  return (
    <select
      className={`input ${value && all !== undefined ? "chosen" : ""} ${className}`} aria-label={label} value={value ?? ""}
      onChange={(event) => onChoose(event.target.value)} {...rest}
    >
      {all !== undefined && <option value="">{all}</option>}
      {!known && <option value={String(value)}>{String(value)}</option>}
      {choices.map((c) => <option key={c.value} value={c.value}>{c.label}</option>)}
      {groups.map((g) => <optgroup key={g.label} label={g.label}>{g.choices.map((c) => <option key={c.value} value={c.value}>{c.label}</option>)}</optgroup>)}
    </select>
  );
}

export function Meter({ share, label }: { share: number; label?: string }) {
  const part = Math.max(0, Math.min(1, share));
  return <span className="meter" aria-hidden={label ? undefined : true} role={label ? "img" : undefined} aria-label={label}><span style={{ width: `${part * 100}%` }} /></span>;
}
