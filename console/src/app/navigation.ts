/** The panels of the navigation: targets, process, results, operations. Features declare their own pages. */
import { navigation as customers } from "@/features/customers/routes";
import { navigation as operations } from "@/features/operations/routes";
import { navigation as process } from "@/features/process/routes";
import { navigation as results } from "@/features/results/routes";
import { navigation as targets } from "@/features/targets/routes";
import type { NavigationEntry } from "@/shared/routing/navigation";

export interface NavigationPanel {
  name: "targets" | "process" | "results" | "operations";
  entries: NavigationEntry[];
}

export const PANELS: NavigationPanel[] = [
  { name: "targets", entries: targets },
  { name: "process", entries: [...process, ...customers] },
  { name: "results", entries: results },
  { name: "operations", entries: operations },
];
