import { useDimensionLabels } from "@/shared/api/dimensionLabels";
import { useTranslate } from "@/shared/i18n";

/** "Region North · Team Meadow"; an empty scope is the whole company. */
export function useScopeName(): (scope: Record<string, string>) => string {
  const t = useTranslate();
  const { dimension, label } = useDimensionLabels();
  return (scope) => {
    const parts = Object.entries(scope).map(([name, value]) => `${dimension(name)} ${label(name, value)}`);
    return parts.join(" · ") || t("targets.company");
  };
}
