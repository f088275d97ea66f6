/** A list that is loaded page by page, with its loading, error and empty states and a button for the next page. */
import type { ReactNode } from "react";
import { useTranslate } from "@/shared/i18n";
import { Button } from "./Button";
import { EmptyState, ErrorState, LoadingState } from "./queryStates";

interface ListQuery {
  isPending: boolean;
  error: Error | null;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

interface Props {
  query: ListQuery;
  /** The items of `query`, or those of them that are shown. */
  items: readonly unknown[];
  emptyTitle: string;
  children: ReactNode;
}

export function PagedList({ query, items, emptyTitle, children }: Props) {
  const t = useTranslate();
  if (items.length === 0) {
    if (query.error) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
    return query.isPending ? <LoadingState /> : <EmptyState title={emptyTitle} />;
  }
  return (
    <>
      {children}
      {query.hasNextPage && (
        <p className="card-body no-print">
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("state.more")}
          </Button>
        </p>
      )}
    </>
  );
}
