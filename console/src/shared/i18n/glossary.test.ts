/** The messages use the words of docs/glossary.md: one Chinese word for each term. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { en, type MessageKey, zh } from "./catalogue";

interface Term {
  english: string;
  /** Each of them is the glossary's word. */
  chinese: string[];
}

/** Rows `| term, synonym | 词、词 | meaning |`. As many Chinese words as English ones correspond in their order. */
function readGlossary(): Term[] {
  const page = readFileSync(new URL("../../../../docs/glossary.md", import.meta.url), "utf-8");
  const rows = page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| term "));
  return rows.flatMap((line) => {
    const [english = "", chinese = ""] = line.split("|").slice(1);
    const terms = english.replace(/\([^)]*\)/g, "").split(",");
    const words = chinese.trim().split("、");
    return terms.map((term, index) => ({
      english: term.trim().toLowerCase(),
      chinese: words.length === terms.length ? [words[index] ?? ""] : words,
    }));
  });
}

/** Longest first: "dead letter" is not a "letter", "signed amount" not an "amount". */
const GLOSSARY = readGlossary().sort((a, b) => b.english.length - a.english.length);

/** Messages in which an English word is not the glossary's term. */
const EXCEPTIONS: Partial<Record<MessageKey, { terms: string[]; reason: string }>> = {
  "forecast.pipeline": { terms: ["pipeline"], reason: "a forecast category, not the pipeline itself" },
  "signin.in": { terms: ["signed"], reason: "signed in, not a signed deal" },
  "lead.status.lost": { terms: ["lost"], reason: "a lead that was lost; 输单 is a deal" },
};

/** The terms in an English text. What a longer term covers is not searched again. */
function termsIn(text: string): Term[] {
  let rest = text.toLowerCase().replace(/\{\w+\}/g, "·");
  return GLOSSARY.filter(({ english }) => {
    const escaped = english.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const plural = english.endsWith("y") ? `(?:${escaped}|${escaped.slice(0, -1)}ies)` : `${escaped}(?:e?s)?`;
    const found = rest.replace(new RegExp(`(?<![\\w-])${plural}(?![\\w-])`, "g"), "·");
    const contained = found !== rest;
    rest = found;
    return contained;
  });
}

/** Chinese words that are not the glossary's, and the one that is. */
const SYNONYMS: [pattern: RegExp, term: string][] = [
  [/度量/, "measure 指标"],
  [/指标值|定指标|设定指标/, "target 目标"],
  [/步骤|转换/, "transition 流转"],
  [/(?<!销售)管道/, "pipeline 销售管道"],
  [/销售流程|商机流程/, "pipeline 销售管道"],
  [/超期|逾期/, "breach 超时"],
  [/分层|客户分群/, "segment 客群"],
  [/(?<!流程)蓝图(?!外)/, "blueprint 流程蓝图"],
  [/销售(?!代表|管道|周期)/, "rep 销售代表"],
  [/(?<!没有)定义(?!文件)/, "definition 定义文件"],
  [/(?<!反馈)问题/, "issue 反馈问题"],
  [/得分|分数/, "score 评分"],
  [/待办(?!清单)/, "worklist 待办清单"],
  [/销售机会|机会/, "opportunity 商机"],
  [/环节/, "stage 阶段"],
  [/审批/, "transition 流转"],
  [/报表|仪表盘/, "board 看板"],
  [/调查/, "survey 问卷"],
  [/丢单|失单/, "lost 输单"],
  [/成单/, "won 赢单"],
  [/对象(?!：)/, "scope 范围"],
];
const SYNONYM_EXCEPTIONS: Partial<Record<MessageKey, string>> = {
  "forecast.pipeline": "a forecast category",
  "deadLetters.edit.notObject": "a JSON object",
};

/** Words of the project's first version that an engineer or a salesperson would not use in this sense. */
const PRIVATE_WORDS =
  /\b(tell|tells|told|say|says|said|hear|heard|ask|asks|asked|stand|stands|bury|mend|mended|give back|given back|door|room|shelf|somebody|nobody|meanwhile|letter(?<!dead letter)s?)\b/i;

const keys = Object.keys(en) as MessageKey[];

describe("the Chinese messages", () => {
  it("use the glossary's word for each of its terms", () => {
    const wrong = keys.flatMap((key) =>
      termsIn(en[key])
        .filter(({ english, chinese }) => {
          if (EXCEPTIONS[key]?.terms.includes(english)) return false;
          return !chinese.some((word) => zh[key].includes(word));
        })
        .map(({ english, chinese }) => `${key}: "${en[key]}" has ${english} ${chinese.join("、")}; found "${zh[key]}"`),
    );
    expect(wrong).toEqual([]);
  });

  it("have no second word for a term", () => {
    const wrong = keys.flatMap((key) =>
      SYNONYMS.filter(([pattern]) => pattern.test(zh[key]) && !SYNONYM_EXCEPTIONS[key]).map(
        ([, term]) => `${key}: "${zh[key]}" should use ${term}`,
      ),
    );
    expect(wrong).toEqual([]);
  });

  it("need every exception", () => {
    const unused = (Object.keys(EXCEPTIONS) as MessageKey[]).filter((key) => {
      const terms = termsIn(en[key]).map((term) => term.english);
      return !EXCEPTIONS[key]?.terms.every((term) => terms.includes(term));
    });
    expect(unused).toEqual([]);
  });
});

it("the English messages use ordinary words", () => {
  expect(keys.filter((key) => PRIVATE_WORDS.test(en[key])).map((key) => `${key}: ${en[key]}`)).toEqual([]);
});

it("the glossary has the terms of the product", () => {
  const words = new Map(GLOSSARY.map(({ english, chinese }) => [english, chinese.join("、")]));
  const expected = {
    measure: "指标",
    target: "目标",
    stage: "阶段",
    transition: "流转",
    pipeline: "销售管道",
    breach: "超时",
    segment: "客群",
  };
  expect(Object.fromEntries(Object.keys(expected).map((term) => [term, words.get(term)]))).toEqual(expected);
});
