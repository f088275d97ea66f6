/** Loading, failed, empty: what every view shows when it has nothing else to show. */
import type { UseQueryResult } from "@tanstack/react-query";
import { CircleOff, Hourglass, Inbox, Lock, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Problem } from "@/api/problem";
import { useSay } from "@/i18n";
import { Button } from "./Button";

/** Grey bars in the place and of the size of what is coming, so that nothing jumps. */
export function Loading({ rows = 6, height = "1.75rem" }: { rows?: number; height?: string }) {
  const t = useSay();
  return (
    <div className="stack" role="status" aria-label={t("state.loading")} style={{ padding: "var(--4)" }}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="skeleton" style={{ height, width: `${100 - ((i * 13) % 35)}%` }} />
      ))}
    </div>
  );
}

export function Empty({ title, children, icon }: { title: ReactNode; children?: ReactNode; icon?: ReactNode }) {
  return (
    <div className="empty">
      {icon ?? <Inbox className="icon" aria-hidden />}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useSay();
  const problem = error instanceof Problem ? error : null;
  const [title, icon] = !problem ? [t("state.failed"), TriangleAlert] as const
    : problem.status === 501 ? [t("state.lacking"), Hourglass] as const
    : problem.status === 403 ? [t("state.forbidden"), Lock] as const
    : problem.status === 404 ? [t("state.missing"), CircleOff] as const
    : [t("state.failed"), TriangleAlert] as const;
  const Icon = icon;
  return (
    <div className="empty" role="alert">
      <Icon className="icon" aria-hidden />
      <h2>{title}</h2>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {onRetry && ![501, 403, 404].includes(problem?.status ?? 500) && <Button onClick={onRetry}>{t("state.retry")}</Button>}
    </div>
  );
}

interface AnsweredProps<T> {
  query: UseQueryResult<T, Error>;
  children: (data: T) => ReactNode;
  loading?: ReactNode;
}

/** The answer of a question; until it comes its place, if it fails the reason. Old answers stay while new ones load. */
export function Answered<T>({ query, children, loading }: AnsweredProps<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <>{loading ?? <Loading />}</>;
}
