import { createRoute, createRouter, redirect } from "@tanstack/react-router";
import { queries } from "@/api/hooks";
import { viewerQuery } from "@/api/me";
import { firstPage, rememberFirst } from "@/frame/first";
import { rootRoute } from "@/frame/root";
import { Missing } from "@/frame/Missing";
import { routes as operations } from "@/operations";
import { routes as process } from "@/process";
import { routes as results } from "@/results";
import { routes as targets } from "@/targets";

const home = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: async () => {
    import("@/results/board/BoardPage").catch(() => undefined); // most begin there: it is fetched while it is asked who looks
    const viewer = await queries.fetchQuery(viewerQuery).catch(() => undefined);
    const first = firstPage(viewer?.state === "in" ? viewer.me : null);
    rememberFirst(first);
    throw redirect({ to: first as never, replace: true });
  },
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([home, ...targets, ...process, ...results, ...operations]),
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(search)) if (value !== undefined && value !== "") words.set(name, String(value));
    const text = words.toString();
    return text ? `?${text}` : "";
  },
  defaultPreload: "intent",
  defaultNotFoundComponent: Missing,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register { router: typeof router }
}
