import { Info } from "lucide-react";
import { Popover } from "radix-ui";
import type { Figures } from "@/shared/api/types";
import { useNames, useTitle, useTranslate } from "@/shared/i18n";
import { Button } from "./Button";

export type MeasureMetadata = Pick<
  Figures,
  "measure" | "title" | "unit" | "formula" | "definition" | "basis" | "additive"
>;

/** The formula, the unit and the definition of a measure. */
export function MeasureInfoButton({ measure }: { measure: MeasureMetadata }) {
  const t = useTranslate();
  const title = useTitle();
  const name = title(measure.title, measure.measure);
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <Button
          variant="quiet"
          small
          className="no-print"
          icon={<Info className="icon" aria-hidden />}
          label={t("results.about", { name })}
        />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="menu about"
          align="end"
          sideOffset={4}
          collisionPadding={8}
          aria-label={t("results.about", { name })}
        >
          <MeasureInfoList measure={measure} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

export function MeasureInfoList({ measure }: { measure: MeasureMetadata }) {
  const t = useTranslate();
  const title = useTitle();
  const unitName = useNames("results.unit");
  return (
    <dl className="facts small">
      <dt>{t("results.formula")}</dt>
      <dd>{title(measure.formula)}</dd>
      <dt>{t("results.unit")}</dt>
      <dd>{unitName(measure.unit)}</dd>
      {measure.basis && (
        <>
          <dt>{t("results.basis")}</dt>
          <dd>
            <code>{measure.basis}</code>
          </dd>
        </>
      )}
      <dt>{t("results.definition")}</dt>
      <dd>
        <code>{measure.definition}</code>
      </dd>
      {measure.additive === false && (
        <>
          <dt>{t("results.additive")}</dt>
          <dd>{t("results.additive.no")}</dd>
        </>
      )}
    </dl>
  );
}
