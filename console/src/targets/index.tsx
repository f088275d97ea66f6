import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Target } from "lucide-react";
import type { Entry } from "@/frame/panels";
import { rootRoute } from "@/frame/root";

/** The pages of this panel and their places in the navigation. */
export const routes: AnyRoute[] = [
  createRoute({ getParentRoute: () => rootRoute, path: "/targets", component: lazyRouteComponent(() => import("./TargetsPage"), "TargetsPage") }),
];
export const entries: Entry[] = [{ to: "/targets", label: "targets.nav", icon: Target, permission: "figures:read" }];
