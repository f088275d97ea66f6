/** The page that one begins with: what one works on, or what one answers for. */
import type { Me } from "@/api/shapes";

export const RESULTS = "/results/boards";
const OF_ROLE: [string, string][] = [
  ["director", RESULTS], ["manager", RESULTS], ["admin", RESULTS], ["analyst", RESULTS], ["rep", "/process/worklist"],
  ["marketer", "/process/leads"], ["operator", "/operations/health"],
];

/** So that the next visit can ask for what it shows before anything else is there. */
export function rememberFirst(page: string): void {
  try {
    localStorage.setItem("triptych.first", page);
  } catch { /* then it is asked a little later */ }
}

/** Of several roles the one that sees more decides. */
export function firstPage(me: Pick<Me, "roles"> | null): string {
  return OF_ROLE.find(([role]) => me?.roles.includes(role))?.[1] ?? RESULTS;
}
