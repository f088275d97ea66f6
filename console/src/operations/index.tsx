import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Activity, BookOpenText, FileCode2, MailX, ScrollText } from "lucide-react";
import type { Entry } from "@/frame/panels";
import { rootRoute } from "@/frame/root";

const getParentRoute = () => rootRoute;

/** The pages of this panel and their places in the navigation. */
export const routes: AnyRoute[] = [
  createRoute({ getParentRoute, path: "/operations/health", component: lazyRouteComponent(() => import("./HealthPage"), "HealthPage") }),
  createRoute({ getParentRoute, path: "/operations/dead-letters", component: lazyRouteComponent(() => import("./letters/LettersPage"), "LettersPage") }),
  createRoute({ getParentRoute, path: "/operations/dead-letters/$id", component: lazyRouteComponent(() => import("./letters/LetterPage"), "LetterPage") }),
  createRoute({ getParentRoute, path: "/operations/definitions", component: lazyRouteComponent(() => import("./definitions/DefinitionsPage"), "DefinitionsPage") }),
  createRoute({ getParentRoute, path: "/operations/definitions/$kind/$name", component: lazyRouteComponent(() => import("./definitions/DefinitionPage"), "DefinitionPage") }),
  createRoute({ getParentRoute, path: "/operations/audit", component: lazyRouteComponent(() => import("./AuditPage"), "AuditPage") }),
  createRoute({ getParentRoute, path: "/operations/documents", component: lazyRouteComponent(() => import("./DocumentsPage"), "DocumentsPage") }),
];
export const entries: Entry[] = [
  { to: "/operations/health", label: "operations.health", icon: Activity, permission: "operate:read" },
  { to: "/operations/dead-letters", label: "operations.letters", icon: MailX, permission: "operate:read" },
  { to: "/operations/definitions", label: "operations.definitions", icon: FileCode2, permission: "definitions:read" },
  { to: "/operations/audit", label: "operations.audit", icon: ScrollText, permission: "audit:read" },
  { to: "/operations/documents", label: "operations.documents", icon: BookOpenText },
];
