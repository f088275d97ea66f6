import type { QuestionResult, Survey } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { markOf, useMarkText } from "./marks";

/** One question: its mark with the margin, and how often each answer was given. */
export function Question({ result, question }: { result: QuestionResult; question?: Survey["questions"][number] }) {
  const t = useSay();
  const title = useTitle();
  const format = useFormat();
  const text = useMarkText();
  const mark = markOf(result);
  const most = Math.max(1, ...Object.values(result.distribution));
  const nps = result.promoters !== undefined;
  return (
    <section className="card" aria-labelledby={`q-${result.id}`}>
      <div className="card-body stack">
        <h2 id={`q-${result.id}`}>{title(question?.title, result.id)}</h2>
        <p className="survey-mark">{mark ? <><strong>{text.value(mark)}</strong> <span className="muted">{mark.name} {text.margin(mark)}</span></> : <span className="muted">{t("surveys.noAnswers")}</span>}</p>
        <p className="muted small">{t("surveys.answers", { n: result.n })}</p>
        {nps && result.n > 0 && (
          <ul className="thirds small">
            {(["detractors", "passives", "promoters"] as const).map((third) => (
              <li key={third} data-third={third} style={{ flexGrow: Math.max(result[third] ?? 0, result.n * 0.12) }}><strong>{format.ratio((result[third] ?? 0) / result.n)}</strong> {t(`surveys.${third}`)}</li>
            ))}
          </ul>
        )}
        {result.n > 0 && (
          <ul className="distribution" aria-label={t("surveys.distribution")}>
            {Object.entries(result.distribution).map(([answer, n]) => (
              <li key={answer}>
                <span className="visually-hidden">{title(question?.choices.find((c) => c.name === answer)?.title, answer)}: {n}</span>
                <span className="distribution-n small" aria-hidden>{n || ""}</span>
                <span className="distribution-bar" aria-hidden style={{ height: `${(64 * n) / most}px` }} data-third={nps ? (Number(answer) <= 6 ? "detractors" : Number(answer) <= 8 ? "passives" : "promoters") : undefined} />
                <span className="small muted clip" aria-hidden>{title(question?.choices.find((c) => c.name === answer)?.title, answer)}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
