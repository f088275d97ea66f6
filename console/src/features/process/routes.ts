import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Columns3, Filter, ListChecks, UserPlus, Workflow } from "lucide-react";
import type { NavigationEntry } from "@/shared/routing/navigation";
import { rootRoute } from "@/shared/routing/rootRoute";
import { oneOf, searchParams, text } from "@/shared/routing/searchParams";
import { DEAL_SORTS, FUNNEL_MODES, LEAD_SORTS, LEAD_STATUSES } from "./searchValues";

const getParentRoute = () => rootRoute;

export const routes = [
  createRoute({
    getParentRoute,
    path: "/process/worklist",
    component: lazyRouteComponent(() => import("./worklist/WorklistPage"), "WorklistPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/process/board",
    validateSearch: searchParams({ pipeline: text, sort: oneOf(DEAL_SORTS) }),
    component: lazyRouteComponent(() => import("./dealBoard/DealBoardPage"), "DealBoardPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/process/deals/$id",
    component: lazyRouteComponent(() => import("./deal/DealPage"), "DealPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/process/leads",
    validateSearch: searchParams({
      status: oneOf(LEAD_STATUSES),
      grade: text, // scorecards define their own grades
      sort: oneOf(LEAD_SORTS),
    }),
    component: lazyRouteComponent(() => import("./leads/LeadsPage"), "LeadsPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/process/leads/$id",
    component: lazyRouteComponent(() => import("./leads/LeadPage"), "LeadPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/process/funnel",
    validateSearch: searchParams({ pipeline: text, mode: oneOf(FUNNEL_MODES) }),
    component: lazyRouteComponent(() => import("./funnel/FunnelPage"), "FunnelPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/process/blueprint",
    validateSearch: searchParams({ pipeline: text }),
    component: lazyRouteComponent(() => import("./blueprint/BlueprintPage"), "BlueprintPage"),
  }),
] as const;

export const navigation: NavigationEntry[] = [
  { to: "/process/worklist", label: "process.worklist", icon: ListChecks, permission: "deals:read" },
  {
    to: "/process/board",
    label: "process.board",
    icon: Columns3,
    highlightPrefix: "/process/deals/",
    permission: "deals:read",
  },
  { to: "/process/leads", label: "process.leads", icon: UserPlus, permission: "leads:read" },
  { to: "/process/funnel", label: "process.funnel", icon: Filter, permission: "figures:read" },
  { to: "/process/blueprint", label: "process.blueprint", icon: Workflow, permission: "process:read" },
];
