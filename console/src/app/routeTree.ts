/** All routes of the console: those of each feature below the root, and the start page. */
import { createRoute, redirect } from "@tanstack/react-router";
import { routes as customers } from "@/features/customers/routes";
import { routes as operations } from "@/features/operations/routes";
import { routes as process } from "@/features/process/routes";
import { routes as results } from "@/features/results/routes";
import { routes as targets } from "@/features/targets/routes";
import { queryClient } from "@/shared/api/queries";
import { viewerQuery } from "@/shared/api/viewer";
import { rootRoute } from "@/shared/routing/rootRoute";
import { ErrorPage } from "./ErrorPage";
import { Shell } from "./Shell";
import { rememberStartPage, startPage } from "./startPage";

const home = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: async () => {
    // the start page of most users is loaded while the viewer is fetched
    import("@/features/results/board/BoardPage").catch(() => undefined);
    const viewer = await queryClient.fetchQuery(viewerQuery).catch(() => undefined);
    const page = startPage(viewer?.state === "signed_in" ? viewer.me : null);
    rememberStartPage(page);
    throw redirect({ to: page, replace: true });
  },
});

rootRoute.update({ component: Shell, errorComponent: ErrorPage });

export const routeTree = rootRoute.addChildren([home, ...targets, ...process, ...customers, ...results, ...operations]);
