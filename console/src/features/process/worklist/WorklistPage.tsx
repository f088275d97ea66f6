import { Link } from "@tanstack/react-router";
import { ClipboardList, ListChecks } from "lucide-react";
import { useMemo, useState } from "react";
import { useStageTitles, useTransitionTitles } from "@/shared/api/blueprints";
import { useDealNames } from "@/shared/api/customerNames";
import { useRepName } from "@/shared/api/organisation";
import { useGet } from "@/shared/api/queries";
import type { Deal, Worklist, WorklistItem } from "@/shared/api/types";
import { useMe, usePermission } from "@/shared/api/viewer";
import { useTranslate } from "@/shared/i18n";
import { useFilters } from "@/shared/routing/rootRoute";
import { announce } from "@/shared/ui/announce";
import { Button } from "@/shared/ui/Button";
import { Card } from "@/shared/ui/Card";
import { FilterBar } from "@/shared/ui/FilterBar";
import { PageLayout } from "@/shared/ui/PageLayout";
import { Amount, Badge } from "@/shared/ui/primitives";
import { EmptyState, QueryView } from "@/shared/ui/queryStates";
import { SlaBadge, useNow } from "../transitions/SlaBadge";
import { TransitionDialog } from "../transitions/TransitionDialog";
import "../deal/deal.css";

const GROUPS = ["overdue", "due_today", "next"] as const;
const PAGE_SIZE = 50;

/** The open deals of a rep, most urgent first: overdue, due today, next. */
export function WorklistPage() {
  const t = useTranslate();
  const me = useMe();
  const repName = useRepName();
  const rep = useFilters().rep ?? me?.rep_id ?? undefined;
  const query = useGet("/v1/worklist", { query: { rep_id: rep } }, { enabled: Boolean(rep), keepPrevious: true });
  return (
    <PageLayout
      title={t("process.worklist")}
      subtitle={rep && t("worklist.subtitle", { who: repName(rep) })}
      narrow
      filters={<FilterBar use={["rep"]} />}
    >
      {rep ? (
        <QueryView query={query}>{(worklist) => <WorklistGroups worklist={worklist} />}</QueryView>
      ) : (
        <EmptyState title={t("worklist.noRep")} icon={<ListChecks className="icon" aria-hidden />}>
          <p>{t("worklist.noRep.hint")}</p>
        </EmptyState>
      )}
    </PageLayout>
  );
}

function WorklistGroups({ worklist }: { worklist: Worklist }) {
  const t = useTranslate();
  const [requested, setRequested] = useState<{ deal: Deal; transition: string } | null>(null);
  const deals = useMemo(() => GROUPS.flatMap((group) => worklist[group]), [worklist]);
  const stageTitle = useStageTitles(deals.map((deal) => deal.pipeline));
  const dealName = useDealNames(deals);
  return (
    <>
      {GROUPS.map((group) => {
        const items = worklist[group];
        return (
          <Card
            key={group}
            heading={t(`worklist.${group}`)}
            aside={
              <>
                {items.length === 0 && <span className="muted small">{t("worklist.empty")}</span>}
                <Badge tone={group === "overdue" && items.length ? "bad" : undefined}>{items.length}</Badge>
              </>
            }
          >
            {items.length > 0 && (
              <WorklistItems
                items={items}
                dealName={dealName}
                stageTitle={stageTitle}
                onTransition={(deal, transition) => setRequested({ deal, transition })}
              />
            )}
          </Card>
        );
      })}
      {requested && (
        <TransitionDialog
          deal={requested.deal}
          transition={requested.transition}
          dealName={dealName(requested.deal)}
          stageTitle={(stage) => stageTitle(requested.deal.pipeline, stage)}
          onClose={() => setRequested(null)}
          onDone={(deal) => {
            announce(t("deal.moved", { deal: dealName(deal), stage: stageTitle(deal.pipeline, deal.stage) }));
            setRequested(null);
          }}
        />
      )}
    </>
  );
}

interface WorklistItemsProps {
  items: WorklistItem[];
  dealName: (deal: Deal) => string;
  stageTitle: (pipeline: string, stage: string) => string;
  onTransition: (deal: Deal, transition: string) => void;
}

function WorklistItems({ items, dealName, stageTitle, onTransition }: WorklistItemsProps) {
  const t = useTranslate();
  const canWrite = usePermission()("deals:write");
  const now = useNow();
  const [limit, setLimit] = useState(PAGE_SIZE);
  const transitionTitle = useTransitionTitles(items.map((item) => item.blueprint));
  return (
    <>
      <ul className="tasks">
        {items.slice(0, limit).map((item) => (
          <li key={item.opportunity_id}>
            <div className="task-what">
              <Link to="/process/deals/$id" params={{ id: item.opportunity_id }} className="task-name">
                {dealName(item)}
              </Link>
              <span className="row small muted">
                <span>{stageTitle(item.pipeline, item.stage)}</span>
                <SlaBadge deal={item} now={now} />
              </span>
            </div>
            <span className="task-amount">{item.amount && <Amount money={item.amount} />}</span>
            {canWrite && (
              <div className="row tight task-steps" role="group" aria-label={t("worklist.transitions")}>
                {item.transitions.map(({ name, allowed }) => (
                  <Button
                    small
                    key={name}
                    variant={allowed ? "plain" : "quiet"}
                    onClick={() => onTransition(item, name)}
                  >
                    {!allowed && <ClipboardList className="icon muted" aria-hidden />}
                    {transitionTitle(item.blueprint, name)}
                  </Button>
                ))}
              </div>
            )}
          </li>
        ))}
      </ul>
      {items.length > limit && (
        <p className="card-body">
          <Button onClick={() => setLimit(limit + PAGE_SIZE)}>{t("worklist.more", { n: items.length - limit })}</Button>
        </p>
      )}
    </>
  );
}
