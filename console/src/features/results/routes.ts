import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { LayoutDashboard, Ruler } from "lucide-react";
import type { NavigationEntry } from "@/shared/routing/navigation";
import { rootRoute } from "@/shared/routing/rootRoute";
import { conditions, oneOf, searchParams, text } from "@/shared/routing/searchParams";
import { GRAINS } from "./measure/trendRange";

const getParentRoute = () => rootRoute;
const board = lazyRouteComponent(() => import("./board/BoardPage"), "BoardPage");
const namedBoard = lazyRouteComponent(() => import("./board/BoardPage"), "NamedBoardPage");

export const routes = [
  createRoute({ getParentRoute, path: "/results/boards", component: board }),
  createRoute({ getParentRoute, path: "/results/boards/$name", component: namedBoard }),
  createRoute({
    getParentRoute,
    path: "/results/measures",
    component: lazyRouteComponent(() => import("./measure/MeasuresPage"), "MeasuresPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/results/measures/$measure",
    validateSearch: searchParams({ grain: oneOf(GRAINS), by: text }),
    component: lazyRouteComponent(() => import("./measure/MeasurePage"), "MeasurePage"),
  }),
  createRoute({
    getParentRoute,
    path: "/results/measures/$measure/records",
    validateSearch: searchParams({ where: conditions }),
    component: lazyRouteComponent(() => import("./records/RecordsPage"), "RecordsPage"),
  }),
] as const;

export const navigation: NavigationEntry[] = [
  { to: "/results/boards", label: "results.boards", icon: LayoutDashboard, permission: "figures:read" },
  { to: "/results/measures", label: "results.measures", icon: Ruler, permission: "figures:read" },
];
