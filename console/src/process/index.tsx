import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Columns3, Filter, ListChecks, MessageSquareWarning, MessagesSquare, UserPlus, Users, Workflow } from "lucide-react";
import type { Entry } from "@/frame/panels";
import { rootRoute } from "@/frame/root";

const getParentRoute = () => rootRoute;

/** The pages of this panel, each loaded when it is first opened, and their places in the navigation. */
export const routes: AnyRoute[] = [
  createRoute({ getParentRoute, path: "/process/worklist", component: lazyRouteComponent(() => import("./WorklistPage"), "WorklistPage") }),
  createRoute({ getParentRoute, path: "/process/board", component: lazyRouteComponent(() => import("./board/BoardPage"), "BoardPage") }),
  createRoute({ getParentRoute, path: "/process/deals/$id", component: lazyRouteComponent(() => import("./deal/DealPage"), "DealPage") }),
  createRoute({ getParentRoute, path: "/process/leads", component: lazyRouteComponent(() => import("./leads/LeadsPage"), "LeadsPage") }),
  createRoute({ getParentRoute, path: "/process/leads/$id", component: lazyRouteComponent(() => import("./leads/LeadPage"), "LeadPage") }),
  createRoute({ getParentRoute, path: "/process/funnel", component: lazyRouteComponent(() => import("./funnel/FunnelPage"), "FunnelPage") }),
  createRoute({ getParentRoute, path: "/process/blueprint", component: lazyRouteComponent(() => import("./blueprint/BlueprintPage"), "BlueprintPage") }),
  createRoute({ getParentRoute, path: "/process/segments", component: lazyRouteComponent(() => import("./customers/SegmentsPage"), "SegmentsPage") }),
  createRoute({ getParentRoute, path: "/process/customers/$id", component: lazyRouteComponent(() => import("./customers/CustomerPage"), "CustomerPage") }),
  createRoute({ getParentRoute, path: "/process/surveys", component: lazyRouteComponent(() => import("./surveys/SurveysPage"), "SurveysPage") }),
  createRoute({ getParentRoute, path: "/process/surveys/$name", component: lazyRouteComponent(() => import("./surveys/SurveyPage"), "SurveyPage") }),
  createRoute({ getParentRoute, path: "/process/issues", component: lazyRouteComponent(() => import("./surveys/IssuesPage"), "IssuesPage") }),
];
export const entries: Entry[] = [
  { to: "/process/worklist", label: "process.worklist", icon: ListChecks, permission: "deals:read" },
  { to: "/process/board", label: "process.board", icon: Columns3, below: "/process/deals/", permission: "deals:read" },
  { to: "/process/leads", label: "process.leads", icon: UserPlus, permission: "leads:read" },
  { to: "/process/funnel", label: "process.funnel", icon: Filter, permission: "figures:read" },
  { to: "/process/blueprint", label: "process.blueprint", icon: Workflow, permission: "process:read" },
  { to: "/process/segments", label: "process.segments", icon: Users, below: "/process/customers/", permission: "segments:read" },
  { to: "/process/surveys", label: "process.surveys", icon: MessagesSquare, permission: "surveys:read" },
  { to: "/process/issues", label: "process.issues", icon: MessageSquareWarning, permission: "issues:read" },
];
