import { type ReactNode, useEffect } from "react";
import { useTranslate } from "@/shared/i18n";

interface Props {
  title: string;
  subtitle?: ReactNode;
  /** A link to the page above this one. */
  parent?: ReactNode;
  actions?: ReactNode;
  /** Sibling pages. */
  tabs?: ReactNode;
  filters?: ReactNode;
  /** Limits the width, for text and forms. */
  narrow?: boolean;
  /** The page fills the screen, and its content scrolls inside. */
  fullHeight?: boolean;
  children: ReactNode;
}

/** A page with its title, which is also the document's title, and its actions, tabs and filters. */
export function PageLayout({
  title,
  subtitle,
  parent,
  actions,
  tabs,
  filters,
  narrow = false,
  fullHeight = false,
  children,
}: Props) {
  const t = useTranslate();
  useEffect(() => {
    document.title = `${title} · Triptych`;
  }, [title]);
  return (
    <main
      id="content"
      tabIndex={-1}
      className={["page", narrow && "narrow", fullHeight && "full-height"].filter(Boolean).join(" ")}
    >
      <header className="page-head">
        <div className="titles">
          {parent && (
            <nav className="crumbs" aria-label={t("app.breadcrumbs")}>
              {parent} /
            </nav>
          )}
          <h1>{title}</h1>
          {subtitle && <div className="sub">{subtitle}</div>}
        </div>
        {actions && <div className="row no-print">{actions}</div>}
      </header>
      {tabs}
      {filters}
      {children}
    </main>
  );
}
