import { Info } from "lucide-react";
import { Popover } from "radix-ui";
import type { Figures } from "@/api/shapes";
import { useSay, useTitle } from "@/i18n";
import { Button } from "@/ui/Button";

export type Told = Pick<Figures, "measure" | "title" | "unit" | "formula" | "definition" | "basis" | "additive">;

/** What a figure is: its formula, its unit, the definition that decided. */
export function About({ told }: { told: Told }) {
  const t = useSay();
  const title = useTitle();
  const name = title(told.title, told.measure);
  return (
    <Popover.Root>
      <Popover.Trigger asChild><Button look="quiet" small className="no-print" icon={<Info className="icon" aria-hidden />} label={t("results.about", { name })} /></Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="menu about" align="end" sideOffset={4} collisionPadding={8} aria-label={t("results.about", { name })}>
          <AboutText told={told} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

export function AboutText({ told }: { told: Told }) {
  const t = useSay();
  const title = useTitle();
  return (
    <dl className="facts small">
      <dt>{t("results.formula")}</dt><dd>{title(told.formula)}</dd>
      <dt>{t("results.unit")}</dt><dd>{t(`results.unit.${told.unit}` as never)}</dd>
      {told.basis && <><dt>{t("results.basis")}</dt><dd><code>{told.basis}</code></dd></>}
      <dt>{t("results.definition")}</dt><dd><code>{told.definition}</code></dd>
      {told.additive === false && <><dt>{t("results.additive")}</dt><dd>{t("results.additive.no")}</dd></>}
    </dl>
  );
}
