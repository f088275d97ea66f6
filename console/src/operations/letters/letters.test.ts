import { expect, it } from "vitest";
import { busiest } from "../lag";
import { mended, pretty } from "./shapes";

it("shows JSON in lines, and whatever else as it came", () => {
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(pretty("not { json")).toBe("not { json");
  expect(pretty(null)).toBe("");
});

it("gives back only an object", () => {
  expect(mended('{"lead_id": "L1"}')).toEqual({ content: { lead_id: "L1" } });
  expect([mended("{"), mended("[1]"), mended("null")]).toEqual([{ fault: "not_json" }, { fault: "no_object" }, { fault: "no_object" }]);
});

it("puts the topics where most waits first", () => {
  const lag = (waiting: Record<string, number>) => ({ complete_until: "", lag: waiting, total: 0 });
  expect(busiest({ total: 9, services: { a: lag({ x: 0, y: 2 }), b: lag({ x: 3, z: 0, w: 0 }) } })).toEqual(["x", "y", "w", "z"]);
});
