import { Fragment, type ReactNode } from "react";
import { Card } from "./Card";

export interface Description {
  label: string;
  value: ReactNode;
}

/** A card with the attributes of a record, as a description list. */
export function DescriptionCard({ title, rows }: { title: string; rows: readonly Description[] }) {
  return (
    <Card heading={title}>
      <dl className="facts card-body">
        {rows.map(({ label, value }) => (
          <Fragment key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
      </dl>
    </Card>
  );
}
