import { type ReactNode, useId } from "react";

interface Props {
  heading: ReactNode;
  /** Shown in the header, after the heading. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A section of a page, named by its heading. */
export function Card({ heading, aside, children }: Props) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>{heading}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
