/** Formats the body of a definition as YAML in the style of the shipped files, and compares two versions. Pure. */
const MAX_WIDTH = 100;
const PLAIN = /^[A-Za-z_][\w .,/()%→-]*$/;
const PLAIN_CHINESE = /^[\u4e00-\u9fff][\u4e00-\u9fff\w（）、，。：；÷ -]*$/;
const RESERVED_WORDS = new Set(["true", "false", "null", "yes", "no", "on", "off", "~"]);

type Mapping = Record<string, unknown>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isScalar = (value: unknown): boolean => typeof value !== "object" || value === null;

function scalar(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value !== "string") return String(value);
  const plain = PLAIN.test(value) && value === value.trim() && !RESERVED_WORDS.has(value.toLowerCase());
  return plain || PLAIN_CHINESE.test(value) ? value : JSON.stringify(value);
}

/** A value on one line: a scalar, a list of scalars, or a mapping of both. Null for anything deeper. */
function flow(value: unknown): string | null {
  if (isScalar(value)) return scalar(value);
  if (Array.isArray(value)) return value.every(isScalar) ? `[${value.map(scalar).join(", ")}]` : null;
  if (!isMapping(value)) return null;
  const entries = Object.entries(value).map(([key, one]) => (isMapping(one) ? null : entryOf(key, flow(one))));
  return entries.every((entry) => entry !== null) ? `{${entries.join(", ")}}` : null;
}

const entryOf = (key: string, text: string | null): string | null => (text === null ? null : `${key}: ${text}`);

/** The value on one line if it fits, else null for a list or mapping that needs a block. */
function fitting(value: unknown, indent: string): string | null {
  const text = flow(value);
  const isEmpty = text === "[]" || text === "{}";
  return text !== null && (isScalar(value) || isEmpty || text.length + indent.length <= MAX_WIDTH) ? text : null;
}

export function yaml(value: unknown, indent = ""): string {
  const nested = `${indent}  `;
  if (Array.isArray(value)) {
    return value.map((one) => `${indent}- ${fitting(one, nested) ?? yaml(one, nested).trimStart()}`).join("\n");
  }
  if (isMapping(value)) {
    return Object.entries(value)
      .map(([key, one]) => {
        const text = fitting(one, nested);
        return text === null ? `${indent}${key}:\n${yaml(one, nested)}` : `${indent}${key}: ${text}`;
      })
      .join("\n");
  }
  return indent + scalar(value);
}

const FIRST_KEYS = ["name", "version", "title"];

/** The body with its name first: the store sorts keys alphabetically. */
export function nameFirst(body: Mapping): Mapping {
  const first = FIRST_KEYS.filter((key) => key in body).map((key) => [key, body[key]]);
  return Object.fromEntries([...first, ...Object.entries(body).filter(([key]) => !FIRST_KEYS.includes(key))]);
}

export interface DiffLine {
  kind: "same" | "added" | "removed";
  text: string;
}

/** The lines of both texts, by their longest common subsequence. */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split("\n");
  const b = after.split("\n");
  const lengths = commonLengths(a, b);
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const same = i < a.length && j < b.length && a[i] === b[j];
    const remove = i < a.length && (j >= b.length || lengths(i + 1, j) >= lengths(i, j + 1));
    if (same || remove) lines.push({ kind: same ? "same" : "removed", text: a[i] ?? "" });
    else lines.push({ kind: "added", text: b[j] ?? "" });
    if (same || remove) i++;
    if (same || !remove) j++;
  }
  return lines;
}

/** `lengths(i, j)`: the length of the longest common subsequence of `a` from line i and `b` from line j. */
function commonLengths(a: readonly string[], b: readonly string[]): (i: number, j: number) => number {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const lengths = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    const row = table[i];
    if (!row) continue;
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] = a[i] === b[j] ? lengths(i + 1, j + 1) + 1 : Math.max(lengths(i + 1, j), lengths(i, j + 1));
    }
  }
  return lengths;
}
