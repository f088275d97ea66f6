import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { MessageSquareWarning, MessagesSquare, Users } from "lucide-react";
import type { NavigationEntry } from "@/shared/routing/navigation";
import { rootRoute } from "@/shared/routing/rootRoute";
import { day, oneOf, searchParams, text } from "@/shared/routing/searchParams";
import { ISSUE_STATUSES, SURVEY_GROUPS } from "./searchValues";

const getParentRoute = () => rootRoute;

export const routes = [
  createRoute({
    getParentRoute,
    path: "/process/segments",
    validateSearch: searchParams({ as_of: day, segment: text }),
    component: lazyRouteComponent(() => import("./segments/SegmentsPage"), "SegmentsPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/process/customers/$id",
    component: lazyRouteComponent(() => import("./customer/CustomerPage"), "CustomerPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/process/surveys",
    component: lazyRouteComponent(() => import("./surveys/SurveysPage"), "SurveysPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/process/surveys/$name",
    validateSearch: searchParams({ by: oneOf(SURVEY_GROUPS) }),
    component: lazyRouteComponent(() => import("./surveys/SurveyPage"), "SurveyPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/process/issues",
    validateSearch: searchParams({ status: oneOf(ISSUE_STATUSES) }),
    component: lazyRouteComponent(() => import("./issues/IssuesPage"), "IssuesPage"),
  }),
] as const;

export const navigation: NavigationEntry[] = [
  {
    to: "/process/segments",
    label: "segments.title",
    icon: Users,
    highlightPrefix: "/process/customers/",
    permission: "segments:read",
  },
  { to: "/process/surveys", label: "surveys.title", icon: MessagesSquare, permission: "surveys:read" },
  { to: "/process/issues", label: "issues.title", icon: MessageSquareWarning, permission: "issues:read" },
];
