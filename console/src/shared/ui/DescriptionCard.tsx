import { Fragment, type ReactNode, useId } from "react";

export interface Description {
  label: string;
  value: ReactNode;
}

/** A card with the attributes of a record, as a description list. */
export function DescriptionCard({ title, rows }: { title: string; rows: readonly Description[] }) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>{title}</h2>
      </header>
      <dl className="facts card-body">
        {rows.map(({ label, value }) => (
          <Fragment key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}
