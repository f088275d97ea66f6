/** Facts behind a figure, as the API tells them. Pure. */
import type { Fact } from "@/api/shapes";

/** `where` stands in the address as a JSON list; what is none is nothing. */
export function chosenWhere(text: string | undefined): string[] {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter((w): w is string => typeof w === "string") : [];
  } catch {
    return [];
  }
}

/** What a fact adds to the figure; of a fact that counts in several ways (a ratio's two parts) the biggest. */
export function countsOf(fact: Fact): { amount: number; n: number; currency: string | null } {
  const best = [...fact.counts].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum))[0];
  return { amount: best?.sum || (best?.n ?? 0), n: best?.n ?? 0, currency: best?.sum ? (best.dimensions.currency ?? null) : null };
}

const PLACES: Record<string, string> = { deal: "/process/deals/$id", lead: "/process/leads/$id", lead_score: "/process/leads/$id" };

/** The page of a fact, where it has one. */
export function placeOf(fact: Fact): { to: string; params: { id: string } } | null {
  const to = PLACES[fact.fact];
  return to ? { to, params: { id: fact.id } } : null;
}
