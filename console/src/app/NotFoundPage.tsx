import { CircleOff } from "lucide-react";
import { useTranslate } from "@/shared/i18n";
import { PageLayout } from "@/shared/ui/PageLayout";
import { EmptyState } from "@/shared/ui/queryStates";

export function NotFoundPage() {
  const t = useTranslate();
  return (
    <PageLayout title={t("state.missing")}>
      <EmptyState title={t("state.missing")} icon={<CircleOff className="icon" aria-hidden />}>
        <p>{t("state.missing.hint")}</p>
      </EmptyState>
    </PageLayout>
  );
}
