import { createRootRoute, retainSearchParams } from "@tanstack/react-router";
import { Failure } from "@/ui/states";
import { FILTERS, type Search } from "./filters";
import { Shell } from "./Shell";

/** The root of all addresses: whatever stands behind the question mark is text, and the filters go along everywhere. */
export const rootRoute = createRootRoute({
  validateSearch: (given): Search => given as Search,
  search: { middlewares: [retainSearchParams<Search>([...FILTERS])] },
  component: Shell,
  errorComponent: ({ error }) => <main className="page"><Failure error={error} onRetry={() => location.reload()} /></main>,
});
