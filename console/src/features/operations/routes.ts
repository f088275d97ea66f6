import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Activity, BookOpenText, FileCode2, MailX, ScrollText } from "lucide-react";
import type { NavigationEntry } from "@/shared/routing/navigation";
import { rootRoute } from "@/shared/routing/rootRoute";
import { day, oneOf, searchParams, text, version } from "@/shared/routing/searchParams";
import { AUDIT_OUTCOMES, DEAD_LETTER_STATUSES } from "./searchValues";

const getParentRoute = () => rootRoute;

export const routes = [
  createRoute({
    getParentRoute,
    path: "/operations/health",
    component: lazyRouteComponent(() => import("./health/HealthPage"), "HealthPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/operations/dead-letters",
    validateSearch: searchParams({
      status: oneOf(DEAD_LETTER_STATUSES),
      service: text,
      topic: text,
      code: text,
      event_type: text,
    }),
    component: lazyRouteComponent(() => import("./deadLetters/DeadLettersPage"), "DeadLettersPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/operations/dead-letters/$id",
    component: lazyRouteComponent(() => import("./deadLetters/DeadLetterPage"), "DeadLetterPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/operations/definitions",
    validateSearch: searchParams({ kind: text }),
    component: lazyRouteComponent(() => import("./definitions/DefinitionsPage"), "DefinitionsPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/operations/definitions/$kind/$name",
    validateSearch: searchParams({ version, against: version }),
    component: lazyRouteComponent(() => import("./definitions/DefinitionPage"), "DefinitionPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/operations/audit",
    validateSearch: searchParams({ principal: text, outcome: oneOf(AUDIT_OUTCOMES), since: day }),
    component: lazyRouteComponent(() => import("./audit/AuditPage"), "AuditPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/operations/documents",
    component: lazyRouteComponent(() => import("./documents/DocumentsPage"), "DocumentsPage"),
  }),
] as const;

export const navigation: NavigationEntry[] = [
  { to: "/operations/health", label: "operations.health", icon: Activity, permission: "operate:read" },
  { to: "/operations/dead-letters", label: "operations.deadLetters", icon: MailX, permission: "operate:read" },
  { to: "/operations/definitions", label: "operations.definitions", icon: FileCode2, permission: "definitions:read" },
  { to: "/operations/audit", label: "operations.audit", icon: ScrollText, permission: "audit:read" },
  { to: "/operations/documents", label: "operations.documents", icon: BookOpenText },
];
