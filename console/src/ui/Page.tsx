import { Link, type LinkProps } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useSay } from "@/i18n";

interface Props {
  title: string;
  sub?: ReactNode;
  /** Way back: what stands above this page. */
  above?: { label: string; to: LinkProps["to"] }[];
  actions?: ReactNode;
  /** Siblings of this page, above its filters. */
  tabs?: ReactNode;
  filters?: ReactNode;
  /** Calm width for reading instead of the whole screen. */
  read?: boolean;
  /** The page is as high as the screen, and what is in it scrolls. */
  fill?: boolean;
  children: ReactNode;
}

/** One page: its title is the document's, its head says what it is and what can be done here. */
export function PageFrame({ title, sub, above = [], actions, tabs, filters, read = false, fill = false, children }: Props) {
  const t = useSay();
  useEffect(() => {
    document.title = `${title} · Triptych`;
  }, [title]);
  return (
    <main id="content" tabIndex={-1} className={["page", read && "read", fill && "fill"].filter(Boolean).join(" ")}>
      <header className="page-head">
        <div className="titles">
          {above.length > 0 && (
            <nav className="crumbs" aria-label={t("app.above")}>
              {above.map((step) => <span key={step.label}><Link to={step.to}>{step.label}</Link> /</span>)}
            </nav>
          )}
          <h1>{title}</h1>
          {sub && <div className="sub">{sub}</div>}
        </div>
        {actions && <div className="row no-print">{actions}</div>}
      </header>
      {tabs}
      {filters}
      {children}
    </main>
  );
}
