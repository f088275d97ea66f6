/** Definitions as people wrote them: YAML out of what the store keeps, and the difference of two versions. Pure. */
const PLAIN = /^[A-Za-z_][\w .,/()%→-]*$/;
const WORDS = new Set(["true", "false", "null", "yes", "no", "on", "off", "~"]);

function scalar(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value !== "string") return String(value);
  if (value.includes("\n")) return JSON.stringify(value);
  const plain = PLAIN.test(value) && value === value.trim() && !WORDS.has(value.toLowerCase());
  return plain || /^[\u4e00-\u9fff][\u4e00-\u9fff\w（）、，。：；÷ -]*$/.test(value) ? value : JSON.stringify(value);
}

const empty = (value: unknown): string | null =>
  Array.isArray(value) ? (value.length ? null : "[]") : value && typeof value === "object" ? (Object.keys(value).length ? null : "{}") : scalar(value);

/** Short ones of plain values stand on one line, as in the shipped files. */
function inline(value: unknown): string | null {
  const simple = (v: unknown): boolean => v === null || typeof v !== "object";
  if (Array.isArray(value) && value.every(simple)) return `[${value.map(scalar).join(", ")}]`;
  if (value && typeof value === "object" && !Array.isArray(value) && Object.values(value).every((v) => simple(v) || (Array.isArray(v) && v.every(simple)))) {
    return `{${Object.entries(value).map(([k, v]) => `${k}: ${Array.isArray(v) ? `[${v.map(scalar).join(", ")}]` : scalar(v)}`).join(", ")}}`;
  }
  return null;
}
const WIDTH = 100;

export function yaml(value: unknown, indent = ""): string {
  if (Array.isArray(value)) return value.map((v) => `${indent}- ${item(v, `${indent}  `)}`).join("\n");
  if (value && typeof value === "object") return Object.entries(value).map(([k, v]) => `${indent}${k}:${entry(v, `${indent}  `)}`).join("\n");
  return indent + scalar(value);
}

function entry(value: unknown, indent: string): string {
  const short = empty(value) ?? inline(value);
  return short !== null && short.length + indent.length <= WIDTH ? ` ${short}` : empty(value) !== null ? ` ${empty(value)}` : `\n${yaml(value, indent)}`;
}

function item(value: unknown, indent: string): string {
  const short = empty(value) ?? inline(value);
  return short !== null && short.length + indent.length <= WIDTH ? short : empty(value) !== null ? String(empty(value)) : yaml(value, indent).trimStart();
}

const FIRST = ["name", "version", "title"];

/** The body with what names it first: the store keeps keys in the order of the alphabet. */
export function named(body: Record<string, unknown>): Record<string, unknown> {
  const first = FIRST.filter((k) => k in body).map((k) => [k, body[k]]);
  return Object.fromEntries([...first, ...Object.entries(body).filter(([k]) => !FIRST.includes(k))]);
}

export interface Line { kind: "same" | "added" | "gone"; text: string }

/** Lines that came and went, by the longest common sequence; unchanged ones stand between them. */
export function difference(before: string, after: string): Line[] {
  const a = before.split("\n"), b = after.split("\n");
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) (common[i] as Uint16Array)[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: Line[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) lines.push({ kind: "same", text: a[i++] ?? "" }), j++;
    else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) lines.push({ kind: "gone", text: a[i++] ?? "" });
    else lines.push({ kind: "added", text: b[j++] ?? "" });
  }
  return lines;
}
