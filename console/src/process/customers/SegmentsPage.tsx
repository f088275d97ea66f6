import { useGet } from "@/api/hooks";
import type { Segments } from "@/api/shapes";
import { FilterBar } from "@/frame/FilterBar";
import { useSetWords, useWords } from "@/frame/filters";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { Meter } from "@/ui/small";
import { Answered } from "@/ui/states";
import { Members } from "./Members";
import { Matrix } from "./Matrix";
import "./customers.css";

/** The customers' segments as they stand or as they stood on a day: how many, the matrix behind, and who. */
export function SegmentsPage() {
  const t = useSay();
  const set = useSetWords();
  const { as_of, segment } = useWords();
  const segments = useGet("/v1/segments", { query: { as_of } }, { keep: true });
  const matrix = useGet("/v1/segments/rfm/matrix", { query: { as_of } }, { keep: true });
  return (
    <PageFrame
      title={t("process.segments")} sub={segments.data && t("segments.sub", { n: segments.data.customers })}
      filters={<FilterBar use={[]}>
        <label className="row small">{t("segments.as_of")}<input className="input" style={{ width: "auto" }} type="date" value={as_of ?? ""} onChange={(e) => set({ as_of: e.target.value })} /></label>
      </FilterBar>}
    >
      <div className="segments-top">
        <section className="card" aria-labelledby="segments">
          <header className="card-head"><h2 id="segments">{t("process.segments")}</h2></header>
          <Answered query={segments}>{(found) => <SegmentList found={found} chosen={segment} onChoose={(name) => set({ segment: name === segment ? undefined : name })} />}</Answered>
        </section>
        <section className="card" aria-labelledby="matrix">
          <header className="card-head"><h2 id="matrix">{t("segments.matrix")}</h2></header>
          <Answered query={matrix}>{({ cells }) => <Matrix cells={cells} cutoffs={segments.data?.cutoffs} />}</Answered>
        </section>
      </div>
      {segment && <Members key={segment + (as_of ?? "")} name={segment} asOf={as_of} segments={segments.data?.items ?? []} />}
    </PageFrame>
  );
}

function SegmentList({ found, chosen, onChoose }: { found: Segments; chosen?: string; onChoose: (name: string) => void }) {
  const title = useTitle();
  const format = useFormat();
  const most = Math.max(1, ...found.items.map((s) => s.members));
  return (
    <ul className="segment-list">
      {found.items.map((s) => (
        <li key={s.name}>
          <button type="button" aria-pressed={s.name === chosen} onClick={() => onChoose(s.name)}>
            <span className="clip">{title(s.title, s.name)}</span>
            <Meter share={s.members / most} />
            <strong className="number">{format.number(s.members)}</strong>
            <span className="muted number">{found.customers ? format.ratio(s.members / found.customers) : "–"}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
