import { Link } from "@tanstack/react-router";
import { ClipboardList, ListChecks } from "lucide-react";
import { useMemo, useState } from "react";
import { useDealNames } from "@/api/customers";
import { useGet } from "@/api/hooks";
import { useMay, useMe } from "@/api/me";
import { useRepName } from "@/api/names";
import type { Deal, Task, Worklist } from "@/api/shapes";
import { FilterBar } from "@/frame/FilterBar";
import { useFilters } from "@/frame/filters";
import { useSay } from "@/i18n";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { PageFrame } from "@/ui/Page";
import { Amount, Badge } from "@/ui/small";
import { Answered, Empty } from "@/ui/states";
import { SlaBadge, useNow } from "./moving/Sla";
import { StepDialog } from "./moving/StepDialog";
import "./deal/deal.css";
import { useStageTitles, useStepTitles } from "./stages";

const GROUPS = ["overdue", "due_today", "next"] as const;
const AT_FIRST = 50;

/** What waits for one person: overdue, due today, and what can be done next, most urgent first. */
export function WorklistPage() {
  const t = useSay();
  const me = useMe();
  const repName = useRepName();
  const rep = useFilters().rep ?? me?.rep_id ?? undefined;
  const query = useGet("/v1/worklist", { query: { rep_id: rep } }, { enabled: Boolean(rep), keep: true });
  return (
    <PageFrame title={t("process.worklist")} sub={rep && t("worklist.sub", { who: repName(rep) })} read filters={<FilterBar use={["rep"]} />}>
      {rep ? <Answered query={query}>{(list) => <Groups list={list} />}</Answered> : (
        <Empty title={t("worklist.choose")} icon={<ListChecks className="icon" aria-hidden />}><p>{t("worklist.choose.why")}</p></Empty>
      )}
    </PageFrame>
  );
}

function Groups({ list }: { list: Worklist }) {
  const t = useSay();
  const [moving, setMoving] = useState<{ deal: Deal; step: string } | null>(null);
  const everything = useMemo(() => GROUPS.flatMap((g) => list[g]), [list]);
  const stageTitle = useStageTitles(everything.map((d) => d.pipeline));
  const nameOf = useDealNames(everything);
  return (
    <>
      {GROUPS.map((group) => (
        <section className="card" key={group} aria-labelledby={`group-${group}`}>
          <header className="card-head"><h2 id={`group-${group}`}>{t(`worklist.${group}`)}</h2>{list[group].length === 0 && <span className="muted small">{t("worklist.none")}</span>}<Badge tone={group === "overdue" && list[group].length ? "bad" : undefined}>{list[group].length}</Badge></header>
          {list[group].length > 0
            && <Tasks tasks={list[group]} nameOf={nameOf} stageTitle={stageTitle} onStep={(deal, step) => setMoving({ deal, step })} />}
        </section>
      ))}
      {moving && (
        <StepDialog deal={moving.deal} step={moving.step} name={nameOf(moving.deal)} stageTitle={(s) => stageTitle(moving.deal.pipeline, s)}
          onClose={() => setMoving(null)}
          onDone={(deal) => {
            announce(t("board.moved", { deal: nameOf(deal), stage: stageTitle(deal.pipeline, deal.stage) }));
            setMoving(null);
          }} />
      )}
    </>
  );
}

interface TasksProps {
  tasks: Task[]; nameOf: (deal: Deal) => string; stageTitle: (pipeline: string, stage: string) => string;
  onStep: (deal: Deal, step: string) => void;
}

function Tasks({ tasks, nameOf, stageTitle, onStep }: TasksProps) {
  const t = useSay();
  const may = useMay()("deals:write");
  const now = useNow();
  const [shown, setShown] = useState(AT_FIRST);
  const stepTitle = useStepTitles(tasks.map((task) => task.blueprint));
  return (
    <>
      <ul className="tasks">
        {tasks.slice(0, shown).map((task) => (
          <li key={task.opportunity_id}>
            <div className="task-what">
              <Link to="/process/deals/$id" params={{ id: task.opportunity_id }} className="task-name">{nameOf(task)}</Link>
              <span className="row small muted"><span>{stageTitle(task.pipeline, task.stage)}</span><SlaBadge deal={task} now={now} /></span>
            </div>
            <span className="task-amount">{task.amount && <Amount money={task.amount} />}</span>
            {may && <div className="row tight task-steps" role="group" aria-label={t("worklist.step")}>
              {task.transitions.map((step) => (
                <Button small key={step.name} look={step.allowed ? "plain" : "quiet"} onClick={() => onStep(task, step.name)}>
                  {!step.allowed && <ClipboardList className="icon muted" aria-hidden />}{stepTitle(task.blueprint, step.name)}
                </Button>
              ))}
            </div>}
          </li>
        ))}
      </ul>
      {tasks.length > shown && <p className="card-body"><Button onClick={() => setShown(shown + AT_FIRST)}>{t("worklist.more", { n: tasks.length - shown })}</Button></p>}
    </>
  );
}
