/** The panels of the console, as the product's name says, and one for operations. Each room tells its own pages. */
import type { LucideIcon } from "lucide-react";
import type { Key } from "@/i18n";
import { entries as operations } from "@/operations";
import { entries as process } from "@/process";
import { entries as results } from "@/results";
import { entries as targets } from "@/targets";

export interface Entry {
  to: string;
  label: Key;
  icon: LucideIcon;
  /** Where the addresses below begin that belong to this page, beside its own. */
  below?: string;
  /** Only for viewers with this permission; without it for everybody. */
  permission?: string;
}
export interface Panel { name: "results" | "targets" | "process" | "operations"; entries: Entry[] }

export const PANELS: Panel[] = [
  { name: "targets", entries: targets },
  { name: "process", entries: process },
  { name: "results", entries: results },
  { name: "operations", entries: operations },
];
