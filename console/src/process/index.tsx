import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Columns3, ListChecks } from "lucide-react";
import type { Entry } from "@/frame/panels";
import { rootRoute } from "@/frame/root";

const getParentRoute = () => rootRoute;

/** The pages of this panel, each loaded when it is first opened, and their places in the navigation. */
export const routes: AnyRoute[] = [
  createRoute({ getParentRoute, path: "/process/board", component: lazyRouteComponent(() => import("./board/BoardPage"), "BoardPage") }),
  createRoute({ getParentRoute, path: "/process/deals/$id", component: lazyRouteComponent(() => import("./deal/DealPage"), "DealPage") }),
  createRoute({ getParentRoute, path: "/process/worklist", component: lazyRouteComponent(() => import("./WorklistPage"), "WorklistPage") }),
];
export const entries: Entry[] = [
  { to: "/process/worklist", label: "process.worklist", icon: ListChecks },
  { to: "/process/board", label: "process.board", icon: Columns3 },
];
