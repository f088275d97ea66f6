/** Every route with the search parameters of real, outdated and hand-typed addresses. */
import { createMemoryHistory, rootRouteId } from "@tanstack/react-router";
import { describe, expect, it } from "vitest";
import { PANELS } from "./navigation";
import { createAppRouter } from "./router";

/** The validated search parameters of the page at an address; those without a value are left out. */
function open(address: string): { routeId: string; search: Record<string, unknown> } {
  const router = createAppRouter(createMemoryHistory({ initialEntries: [address] }));
  const page = router.matchRoutes(router.latestLocation).at(-1);
  const search = Object.entries(page?._strictSearch ?? {}).filter(([, value]) => value !== undefined);
  return { routeId: String(page?.routeId), search: Object.fromEntries(search) };
}

/** The address after a navigation from another one. */
function navigate(from: string, to: string, search?: object | true): string {
  const router = createAppRouter(createMemoryHistory({ initialEntries: [from] }));
  return router.buildLocation({ to, search, _includeValidateSearch: true } as never).href;
}

describe("an address", () => {
  it("has typed parameters", () => {
    expect(open("/process/board?pipeline=software&sort=-amount&region=East").search).toEqual({
      pipeline: "software",
      sort: "-amount",
      region: "East",
    });
    expect(open('/results/measures/revenue/records?period=2026-Q3&where=["region:West"]').search).toEqual({
      period: "2026-Q3",
      where: ["region:West"],
    });
  });

  it.each([
    ["/process/board?sort=upwards&region=East", { region: "East" }],
    ["/process/leads?status=unknown&sort=1&grade=A", { grade: "A" }],
    ["/process/funnel?mode=both&period=2026-13", {}],
    ["/process/segments?as_of=2026-02-30&segment=lost", { segment: "lost" }],
    ["/process/surveys/after_win?by=weather", {}],
    ["/process/issues?status=closed", {}],
    ["/results/measures/nps?grain=hour&by=survey", { by: "survey" }],
    ["/results/measures/nps/records?where=[1&period=soon", {}],
    ["/operations/audit?since=yesterday&outcome=maybe&principal=anna", { principal: "anna" }],
    ["/operations/dead-letters?status=lost&service=kpi", { service: "kpi" }],
    ["/operations/definitions/measures/win_rate?version=two&against=1", { against: "1" }],
    ["/targets?period=&color=red", {}],
  ])("%s has only its valid parameters", (location, search) => {
    expect(open(location).search).toEqual(search);
  });

  it("that does not exist belongs to no page", () => {
    expect(open("/no/such/page").routeId).toBe(rootRouteId);
  });
});

describe("a navigation", () => {
  it("keeps the filters, and drops the parameters of the previous page", () => {
    expect(navigate("/process/board?region=East&sort=-amount", "/process/funnel")).toBe("/process/funnel?region=East");
  });

  it("clears a filter that is set to undefined", () => {
    const cleared = navigate("/process/leads?region=East&team=Mill", "/process/leads", { region: undefined });
    expect(cleared).toBe("/process/leads?team=Mill");
  });

  it("removes unknown and invalid parameters from the address", () => {
    const address = navigate("/process/leads?status=unknown&color=red&grade=B", "/process/leads", true);
    expect(address).toBe("/process/leads?grade=B");
  });
});

it("every entry of the navigation has a page", () => {
  for (const { to } of PANELS.flatMap((panel) => panel.entries)) expect(open(to).routeId).toBe(to);
});
