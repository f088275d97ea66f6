/** A list that comes page after page: loading, failed, empty, the rows, and the way to more of them. */
import type { ReactNode } from "react";
import { useSay } from "@/i18n";
import { Button } from "./Button";
import { Empty, Failure, Loading } from "./states";

interface Query { isPending: boolean; error: Error | null; hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown; refetch: () => unknown }

export function Pages<T>({ query, items, empty, children }: { query: Query; items: readonly T[]; empty: string; children: ReactNode }) {
  const t = useSay();
  if (items.length === 0) {
    if (query.error) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
    return query.isPending ? <Loading /> : <Empty title={empty} />;
  }
  return (
    <>
      {children}
      {query.hasNextPage && <p className="card-body no-print"><Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t("state.more")}</Button></p>}
    </>
  );
}
