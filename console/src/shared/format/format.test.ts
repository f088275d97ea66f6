import { describe, expect, it } from "vitest";
import { exponent, formatMoney, formatRatio, minorUnits } from "./numbers";
import { earlierPeriods, formatPeriod, presetPeriod, spanOf } from "./periods";
import { formatDay, formatDuration, formatInstant, formatRelative } from "./times";

describe("money", () => {
  it("has the decimal places of its currency", () => {
    expect(["EUR", "JPY", "KWD", "XXX"].map(exponent)).toEqual([2, 0, 3, 2]);
    expect(formatMoney({ amount_minor: 123456, currency: "EUR" }, "en-GB")).toBe("€1,234.56");
    expect(formatMoney({ amount_minor: 123456, currency: "JPY" }, "zh-CN")).toBe("¥123,456");
    expect(formatMoney({ amount_minor: 4800000, currency: "EUR" }, "en-GB")).toBe("€48,000");
  });

  it("is parsed as typed, and never rounded", () => {
    expect(minorUnits("1,200.5", "EUR")).toBe(120050);
    expect(minorUnits("1200.505", "EUR")).toBeNull();
    expect(minorUnits("1200", "JPY")).toBe(1200);
    expect(minorUnits("1200.0", "JPY")).toBe(1200);
    expect(minorUnits("12a", "EUR")).toBeNull();
    expect(minorUnits("-3.10", "EUR")).toBe(-310);
    expect(minorUnits("1.1", "EUR")).toBe(110);
  });

  it("shows ratios in per cent", () => {
    expect(formatRatio(0.1234, "en-GB")).toBe("12.3%");
    expect(formatRatio(0.1234, "en-GB", true)).toBe("+12.3%");
  });
});

describe("times", () => {
  it("are in the user's time zone, business days in none", () => {
    expect(formatInstant("2026-11-26T23:30:00Z", "en-GB", "Asia/Shanghai")).toContain("27 Nov 2026");
    expect(formatDay("2026-11-26", "en-GB")).toBe("26 Nov 2026");
  });

  it("are shown relative to now, durations in their two largest units", () => {
    const now = Date.parse("2026-11-26T12:00:00Z");
    expect(formatRelative("2026-11-23T11:00:00Z", now, "en")).toBe("3 days ago");
    expect(formatRelative("2026-11-26T14:30:00Z", now, "en")).toBe("in 2 hours");
    expect(formatDuration(5 * 86400 + 3 * 3600 + 5, "en")).toBe("5d 3h");
    expect(formatDuration(59, "en")).toBe("0m");
  });
});

describe("periods", () => {
  it("are in the notation of the API", () => {
    const january = { year: 2026, month: 1 };
    expect(presetPeriod("this_month", january)).toBe("2026-01");
    expect(presetPeriod("last_month", january)).toBe("2025-12");
    expect(presetPeriod("last_quarter", january)).toBe("2025-Q4");
    expect(presetPeriod("this_quarter", { year: 2026, month: 11 })).toBe("2026-Q4");
    expect(presetPeriod("last_year", january)).toBe("2025");
  });

  it("continue before the presets", () => {
    const { months, quarters, years } = earlierPeriods({ year: 2026, month: 1 });
    expect([months[0], months.at(-1)]).toEqual(["2025-11", "2025-01"]);
    expect([quarters[0], quarters.at(-1)]).toEqual(["2025-Q3", "2024-Q2"]);
    expect(years).toEqual(["2024", "2023"]);
  });

  it("are formatted in the language of the user", () => {
    expect(["2026-11", "2026-Q4", "2026", "FY2026-Q3"].map((x) => formatPeriod(x, "en-GB"))).toEqual([
      "November 2026",
      "Q4 2026",
      "2026",
      "FY2026-Q3",
    ]);
    expect(["2026-11", "2026-Q4", "2026"].map((x) => formatPeriod(x, "zh-CN"))).toEqual([
      "2026年11月",
      "2026年第4季度",
      "2026年",
    ]);
  });

  it("span from the first day to the day after the last", () => {
    expect(spanOf("2026-12")).toEqual({ from: "2026-12-01", to: "2027-01-01" });
    expect(spanOf("2026-Q4")).toEqual({ from: "2026-10-01", to: "2027-01-01" });
    expect(spanOf("2026")).toEqual({ from: "2026-01-01", to: "2027-01-01" });
    expect(spanOf("FY2026-Q3")).toBeNull();
    expect(spanOf("2026-13")).toBeNull();
  });
});
