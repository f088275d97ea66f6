import { Link, useLocation } from "@tanstack/react-router";
import { usePermission } from "@/shared/api/viewer";
import { useTranslate } from "@/shared/i18n";
import { PANELS } from "./navigation";

/** The panels with the pages that the user may see. `onNavigate` closes the drawer on a phone. */
export function Navigation({ onNavigate }: { onNavigate?: () => void }) {
  const t = useTranslate();
  const can = usePermission();
  const path = useLocation({ select: (location) => location.pathname });
  const panels = PANELS.map(({ name, entries }) => ({
    name,
    entries: entries.filter((entry) => !entry.permission || can(entry.permission)),
  })).filter((panel) => panel.entries.length > 0);
  return (
    <nav className="nav" aria-label={t("app.navigation")}>
      {panels.map(({ name, entries }) => (
        <section key={name} aria-labelledby={`panel-${name}`}>
          <h2 id={`panel-${name}`}>{t(`panel.${name}`)}</h2>
          <ul>
            {entries.map(({ to, label, icon: Icon, highlightPrefix }) => (
              <li key={to}>
                <Link
                  to={to}
                  activeOptions={{ includeSearch: false }}
                  onClick={onNavigate}
                  {...(highlightPrefix && path.startsWith(highlightPrefix) ? { "aria-current": true } : {})}
                >
                  <Icon className="icon" aria-hidden />
                  {t(label)}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

export function Brand() {
  return (
    <Link to="/" className="brand">
      <img src="/icon.svg" alt="" width="24" height="24" />
      Triptych
    </Link>
  );
}
