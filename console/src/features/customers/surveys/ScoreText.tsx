import type { ReactNode } from "react";
import type { QuestionResult } from "@/shared/api/types";
import { useTranslate } from "@/shared/i18n";
import { questionScore, useScoreFormat } from "./questionScore";

interface Props {
  questions: readonly QuestionResult[];
  /** Shown instead of "no answers". */
  fallback?: ReactNode;
}

/** The result of the first question that has one, in large type. */
export function ScoreText({ questions, fallback }: Props) {
  const t = useTranslate();
  const format = useScoreFormat();
  const score = questions.map(questionScore).find((one) => one !== null);
  return (
    <p className="survey-score">
      {score ? (
        <>
          <strong>{format.value(score)}</strong>{" "}
          <span className="muted">
            {score.name} {format.margin(score)}
          </span>
        </>
      ) : (
        <span className="muted">{fallback ?? t("surveys.noAnswers")}</span>
      )}
    </p>
  );
}
