/** The states of a view: loading, failed, empty, loaded. */
import type { UseQueryResult } from "@tanstack/react-query";
import { CircleOff, Hourglass, Inbox, Lock, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Problem } from "@/shared/api/problem";
import { type MessageKey, useTranslate } from "@/shared/i18n";
import { Button } from "./Button";

/** Placeholder bars of the size of the content to come, so that the page does not shift. */
export function LoadingState({ rows = 6, height = "1.75rem" }: { rows?: number; height?: string }) {
  const t = useTranslate();
  const widths = Array.from({ length: rows }, (_, index) => 100 - ((index * 13) % 35));
  return (
    <div className="stack" role="status" aria-label={t("state.loading")} style={{ padding: "var(--4)" }}>
      {widths.map((width, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars never change their order
        <div key={index} className="skeleton" style={{ height, width: `${width}%` }} />
      ))}
    </div>
  );
}

export function EmptyState({ title, children, icon }: { title: ReactNode; children?: ReactNode; icon?: ReactNode }) {
  return (
    <div className="empty">
      {icon ?? <Inbox className="icon" aria-hidden />}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Errors that a retry cannot repair. */
const FINAL: Record<number, { title: MessageKey; icon: LucideIcon }> = {
  403: { title: "state.forbidden", icon: Lock },
  404: { title: "state.missing", icon: CircleOff },
  501: { title: "state.unavailable", icon: Hourglass },
};

export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useTranslate();
  const final = error instanceof Problem ? FINAL[error.status] : undefined;
  const { title, icon: Icon } = final ?? { title: "state.failed", icon: TriangleAlert };
  return (
    <div className="empty" role="alert">
      <Icon className="icon" aria-hidden />
      <h2>{t(title)}</h2>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {onRetry && !final && <Button onClick={onRetry}>{t("state.retry")}</Button>}
    </div>
  );
}

interface QueryViewProps<T> {
  query: UseQueryResult<T, Error>;
  children: (data: T) => ReactNode;
  loading?: ReactNode;
}

/** Renders the data of a query, its loading state or its error. Stale data stays visible while it is refetched. */
export function QueryView<T>({ query, children, loading }: QueryViewProps<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  return <>{loading ?? <LoadingState />}</>;
}
