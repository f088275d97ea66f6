import { CircleOff } from "lucide-react";
import { useSay } from "@/i18n";
import { PageFrame } from "@/ui/Page";
import { Empty } from "@/ui/states";

export function Missing() {
  const t = useSay();
  return (
    <PageFrame title={t("state.missing")}>
      <Empty title={t("state.missing")} icon={<CircleOff className="icon" aria-hidden />}><p>{t("state.missing.back")}</p></Empty>
    </PageFrame>
  );
}
