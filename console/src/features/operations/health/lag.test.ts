import { expect, it } from "vitest";
import { topicsByLag } from "./lag";

it("topics are sorted by the lag of all services", () => {
  const lag = (records: Record<string, number>) => ({ complete_until: "", lag: records, total: 0 });
  const services = { a: lag({ x: 0, y: 2 }), b: lag({ x: 3, z: 0, w: 0 }) };
  expect(topicsByLag({ total: 9, services })).toEqual(["x", "y", "w", "z"]);
});
