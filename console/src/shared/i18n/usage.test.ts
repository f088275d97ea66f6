/** Every message is used, and every prefix of a computed key has messages. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { en } from "./catalogue";

const SOURCES = new URL("../..", import.meta.url).pathname;

function sourceText(directory = SOURCES): string {
  return readdirSync(directory, { withFileTypes: true })
    .filter(({ name }) => !/\.(test|gen)\.tsx?$/.test(name) && name !== "i18n")
    .map((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return sourceText(path);
      return /\.tsx?$/.test(entry.name) ? readFileSync(path, "utf-8") : "";
    })
    .join("\n");
}

it("every message is used", () => {
  const source = sourceText();
  // a key is written out, or computed: t(`period.${preset}`), useNames("role")
  const computed = [...source.matchAll(/[`"]([\w.]+?)\.?(?:\$\{\w[\w.]*\})(\.\w+)?`|useNames\("([\w.]+)"\)/g)].map(
    ([, prefix = "", suffix = "", names]) => ({ prefix: `${names ?? prefix}.`, suffix }),
  );
  const unused = Object.keys(en).filter(
    (key) =>
      !source.includes(`"${key}"`) &&
      !computed.some(({ prefix, suffix }) => prefix !== "." && key.startsWith(prefix) && key.endsWith(suffix)),
  );
  expect(unused).toEqual([]);
});
