import { describe, expect, it } from "vitest";
import {
  conditions,
  day,
  oneOf,
  parseSearch,
  period,
  rejectedParams,
  searchParams,
  stringifySearch,
  text,
  version,
} from "./searchParams";

describe("a search parameter", () => {
  it("has one of its values", () => {
    const sort = oneOf(["score", "-score"]);
    expect(["score", "SCORE", "", undefined, 1].map(sort)).toEqual([
      "score",
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("is text of limited length", () => {
    expect(["rep-04", "", "x".repeat(201), 5].map(text)).toEqual(["rep-04", undefined, undefined, undefined]);
  });

  it("is a day of the calendar", () => {
    expect(["2026-02-28", "2028-02-29"].map(day)).toEqual(["2026-02-28", "2028-02-29"]);
    expect(["2026-02-29", "2026-13-01", "26-02-01", "today"].map(day)).toEqual(Array(4).fill(undefined));
  });

  it("is a period in the notation of the API", () => {
    const valid = ["2026", "2026-Q4", "2026-12", "2026-W53", "2026-12-31", "FY2026", "FY2026-Q3", "FY2026-02"];
    expect(valid.map(period)).toEqual(valid);
    const invalid = ["26", "2026-Q5", "2026-13", "2026-W54", "2026-02-30", "last_month"];
    expect(invalid.map(period)).toEqual(invalid.map(() => undefined));
  });

  it("is the number of a version", () => {
    expect(["1", "20", "0", "01", "x"].map(version)).toEqual(["1", "20", undefined, undefined, undefined]);
  });

  it("is a list of conditions", () => {
    expect(conditions('["region:West","currency:EUR"]')).toEqual(["region:West", "currency:EUR"]);
    expect(conditions(["region:West"])).toEqual(["region:West"]);
    expect(["[", "{}", "[1]", "[]", undefined].map(conditions)).toEqual(Array(5).fill(undefined));
  });
});

it("all declared parameters are set, so that an invalid value is never used", () => {
  const validate = searchParams({ period, sort: oneOf(["score"]) });
  expect(validate({ period: "2026-13", sort: "score", other: "1" })).toEqual({ period: undefined, sort: "score" });
});

it("an address has the same values after it was parsed and written again", () => {
  const search = { region: "North & South", where: ["region:West"], period: undefined };
  const query = stringifySearch(search);
  expect(parseSearch(query)).toEqual({ region: "North & South", where: '["region:West"]' });
  expect(stringifySearch({})).toBe("");
});

it("rejected parameters are those that the address lost", () => {
  expect(rejectedParams("?sort=up&region=East&color=red&team=", "?region=East")).toEqual(["sort", "color"]);
});
