/** The page with which each role begins. */
import type { Me } from "@/shared/api/types";

export type StartPage = "/results/boards" | "/process/worklist" | "/process/leads" | "/operations/health";

const DEFAULT: StartPage = "/results/boards";
/** In order of precedence: of several roles the one that sees more decides. */
const PAGE_BY_ROLE: [string, StartPage][] = [
  ["director", DEFAULT],
  ["manager", DEFAULT],
  ["admin", DEFAULT],
  ["analyst", DEFAULT],
  ["rep", "/process/worklist"],
  ["marketer", "/process/leads"],
  ["operator", "/operations/health"],
];

export function startPage(me: Pick<Me, "roles"> | null): StartPage {
  return PAGE_BY_ROLE.find(([role]) => me?.roles.includes(role))?.[1] ?? DEFAULT;
}

/** Stored for `public/prefetch.js`, which requests the data of the start page on the next visit. */
export function rememberStartPage(page: StartPage): void {
  try {
    localStorage.setItem("triptych.first", page);
  } catch {
    // the browser denies storage: nothing is prefetched
  }
}
