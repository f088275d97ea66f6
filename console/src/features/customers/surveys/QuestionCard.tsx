import type { QuestionResult, Survey } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTitle, useTranslate } from "@/shared/i18n";
import { NPS_BANDS, npsBand } from "./questionScore";
import { ScoreText } from "./ScoreText";

const BAR_PX = 64;

type Question = Survey["questions"][number];

/** A question with its result, its NPS bands and the distribution of its answers. */
export function QuestionCard({ result, question }: { result: QuestionResult; question?: Question }) {
  const t = useTranslate();
  const title = useTitle();
  return (
    <section className="card" aria-labelledby={`q-${result.id}`}>
      <div className="card-body stack">
        <h2 id={`q-${result.id}`}>{title(question?.title, result.id)}</h2>
        <ScoreText questions={[result]} />
        <p className="muted small">{t("surveys.answers", { n: result.n })}</p>
        {result.promoters !== undefined && result.n > 0 && <NpsBands result={result} />}
        {result.n > 0 && <Distribution result={result} question={question} />}
      </div>
    </section>
  );
}

function NpsBands({ result }: { result: QuestionResult }) {
  const t = useTranslate();
  const format = useFormat();
  return (
    <ul className="nps-bands small">
      {NPS_BANDS.map((band) => {
        const answers = result[band] ?? 0;
        return (
          <li key={band} data-band={band} style={{ flexGrow: Math.max(answers, result.n * 0.12) }}>
            <strong>{format.ratio(answers / result.n)}</strong> {t(`surveys.${band}`)}
          </li>
        );
      })}
    </ul>
  );
}

function Distribution({ result, question }: { result: QuestionResult; question?: Question }) {
  const t = useTranslate();
  const title = useTitle();
  const maximum = Math.max(1, ...Object.values(result.distribution));
  const answerTitle = (answer: string): string =>
    title(question?.choices.find((choice) => choice.name === answer)?.title, answer);
  const isNps = result.promoters !== undefined;
  return (
    <ul className="distribution" aria-label={t("surveys.distribution")}>
      {Object.entries(result.distribution).map(([answer, count]) => (
        <li key={answer}>
          <span className="visually-hidden">
            {answerTitle(answer)}: {count}
          </span>
          <span className="distribution-count small" aria-hidden>
            {count || ""}
          </span>
          <span
            className="distribution-bar"
            aria-hidden
            style={{ height: `${(BAR_PX * count) / maximum}px` }}
            data-band={isNps ? npsBand(Number(answer)) : undefined}
          />
          <span className="small muted clip" aria-hidden>
            {answerTitle(answer)}
          </span>
        </li>
      ))}
    </ul>
  );
}
