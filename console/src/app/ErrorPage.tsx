import type { ErrorComponentProps } from "@tanstack/react-router";
import { ErrorState } from "@/shared/ui/queryStates";

/** Shown when a page itself fails, for example because its script could not be loaded. */
export function ErrorPage({ error }: ErrorComponentProps) {
  return (
    <main className="page">
      <ErrorState error={error} onRetry={() => location.reload()} />
    </main>
  );
}
