import { useSay } from "@/i18n";
import { isKey } from "@/i18n/words";

/** What a service is called; its own name where it is not known. */
export function useServiceName(): (name: string) => string {
  const t = useSay();
  return (name) => (isKey(`service.${name}`) ? t(`service.${name}` as never) : name);
}
