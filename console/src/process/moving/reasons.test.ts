import { describe, expect, it } from "vitest";
import { say } from "@/i18n/words";
import { refusalText } from "./reasons";

const chinese = (reason: { code: string; path: string; message: string }) => refusalText(reason, (key, values) => say("zh", key, values), (step) => ({ show: "演示产品" })[step] ?? step);

describe("a refusal of some time ago", () => {
  it("is told in the viewer's words where its code is known", () => {
    expect(chinese({ code: "action_missing", path: "/actions/demo", message: "demo: 0 of 1 done since the stage was entered." })).toBe("演示：已完成 0/1");
    expect(chinese({ code: "not_from_this_stage", path: "/transition", message: "'win' does not start from stage 'a'. Allowed: show, lose." })).toContain("“演示产品”, “lose”");
  });

  it("is told as it was said where it is not", () => {
    expect(chinese({ code: "another", path: "", message: "As it was said." })).toBe("As it was said.");
    expect(chinese({ code: "action_missing", path: "/actions/demo", message: "said in another way" })).toBe("said in another way");
  });
});
