import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { LayoutDashboard, Ruler } from "lucide-react";
import type { Entry } from "@/frame/panels";
import { rootRoute } from "@/frame/root";

const getParentRoute = () => rootRoute;
const board = lazyRouteComponent(() => import("./board/BoardPage"), "BoardPage");

/** The pages of this panel and their places in the navigation. */
export const routes: AnyRoute[] = [
  createRoute({ getParentRoute, path: "/results/boards", component: board }),
  createRoute({ getParentRoute, path: "/results/boards/$name", component: board }),
  createRoute({ getParentRoute, path: "/results/measures", component: lazyRouteComponent(() => import("./measure/MeasuresPage"), "MeasuresPage") }),
  createRoute({ getParentRoute, path: "/results/measures/$measure", component: lazyRouteComponent(() => import("./measure/MeasurePage"), "MeasurePage") }),
  createRoute({ getParentRoute, path: "/results/measures/$measure/records", component: lazyRouteComponent(() => import("./measure/RecordsPage"), "RecordsPage") }),
];
export const entries: Entry[] = [
  { to: "/results/boards", label: "results.boards", icon: LayoutDashboard, permission: "figures:read" },
  { to: "/results/measures", label: "results.measures", icon: Ruler, permission: "figures:read" },
];
