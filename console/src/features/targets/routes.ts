import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Target } from "lucide-react";
import type { NavigationEntry } from "@/shared/routing/navigation";
import { rootRoute } from "@/shared/routing/rootRoute";

export const routes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/targets",
    component: lazyRouteComponent(() => import("./TargetsPage"), "TargetsPage"),
  }),
] as const;

export const navigation: NavigationEntry[] = [
  { to: "/targets", label: "targets.navigation", icon: Target, permission: "figures:read" },
];
