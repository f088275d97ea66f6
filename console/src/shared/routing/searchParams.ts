/**
 * Typed search parameters. A page declares its parameters once, by a parser for each; the router validates every
 * address with them. A value that is missing or invalid is `undefined`, so a page sees valid values only.
 */
export type Parser<T> = (value: unknown) => T | undefined;

/** Every parameter is optional: an address may always be typed by hand. */
export type SearchOf<P extends Record<string, Parser<unknown>>> = { [K in keyof P]?: NonNullable<ReturnType<P[K]>> };

/** Builds a route's `validateSearch`. All declared keys are set, so that an invalid value never reaches a page. */
export function searchParams<P extends Record<string, Parser<unknown>>>(
  parsers: P,
): (raw: Record<string, unknown>) => SearchOf<P> {
  return (raw) =>
    Object.fromEntries(Object.entries(parsers).map(([name, parse]) => [name, parse(raw[name])])) as SearchOf<P>;
}

const MAX_TEXT = 200;

/** Free text of 1 to 200 characters: ids, names, labels. */
export const text: Parser<string> = (value) =>
  typeof value === "string" && value !== "" && value.length <= MAX_TEXT ? value : undefined;

export function oneOf<const T extends string>(allowed: readonly T[]): Parser<T> {
  return (value) => allowed.find((one) => one === value);
}

/** A calendar day, `2026-11-26`. */
export const day: Parser<string> = (value) => {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return undefined;
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value) ? value : undefined;
};

/** The name of a definition's version, `1`, `2`, … */
export const version: Parser<string> = (value) =>
  typeof value === "string" && /^[1-9]\d{0,8}$/.test(value) ? value : undefined;

/** A period as the API names it: `2026`, `2026-Q3`, `2026-09`, `2026-W36`, `2026-09-14`, or fiscal, `FY2026-Q3`. */
export const period: Parser<string> = (value) => {
  if (typeof value !== "string") return undefined;
  return /^(FY)?\d{4}(-(Q[1-4]|W(0[1-9]|[1-4]\d|5[0-3])|0[1-9]|1[0-2]))?$/.test(value) ? value : day(value);
};

/** Conditions of a figure, `["region:West"]`: a JSON list in the address. */
export const conditions: Parser<readonly string[]> = (value) => {
  const list = typeof value === "string" ? parseJson(value) : value;
  return Array.isArray(list) && list.length > 0 && list.every((one) => typeof one === "string") ? list : undefined;
};

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** `?a=1&b=2` as plain strings; each parameter's own parser gives it a type. */
export function parseSearch(query: string): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(query));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === "") continue;
    params.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  const query = params.toString();
  return query ? `?${query}` : "";
}

/** The names in `query` that are missing in `accepted`: unknown parameters, or parameters with invalid values. */
export function rejectedParams(query: string, accepted: string): string[] {
  const after = new URLSearchParams(accepted);
  return [...new URLSearchParams(query)]
    .filter(([name, value]) => value !== "" && after.get(name) === null)
    .map(([name]) => name);
}
