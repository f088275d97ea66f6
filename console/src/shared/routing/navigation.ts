import type { RegisteredRouter, RouteIds } from "@tanstack/react-router";
import type { LucideIcon } from "lucide-react";
import type { MessageKey } from "@/shared/i18n";

/** The address of a page without parameters in its path. All routes lie below the root, so ids are paths. */
export type PagePath = Exclude<RouteIds<RegisteredRouter["routeTree"]>, `${string}$${string}` | "__root__">;

/** A page in the navigation. Features declare their entries; the app groups them into panels. */
export interface NavigationEntry {
  to: PagePath;
  label: MessageKey;
  icon: LucideIcon;
  /** Prefix of further addresses that highlight this entry. */
  highlightPrefix?: string;
  /** Shown only to users with this permission; without one, to everybody. */
  permission?: string;
}
