import { Link, useLocation } from "@tanstack/react-router";
import { useMay } from "@/api/me";
import { useSay } from "@/i18n";
import { PANELS } from "./panels";

/** The panels and their pages. `onGo`: the drawer of a phone closes. */
export function Nav({ onGo }: { onGo?: () => void }) {
  const t = useSay();
  const may = useMay();
  const path = useLocation({ select: (l) => l.pathname });
  const panels = PANELS.map((p) => ({ ...p, entries: p.entries.filter((e) => !e.permission || may(e.permission)) }));
  return (
    <nav className="nav" aria-label={t("app.nav")}>
      {panels.filter((p) => p.entries.length > 0).map((panel) => (
        <section key={panel.name} aria-labelledby={`panel-${panel.name}`}>
          <h2 id={`panel-${panel.name}`}>{t(`panel.${panel.name}`)}</h2>
          <ul>
            {panel.entries.map(({ to, label, icon: Icon, below }) => (
              <li key={to}>
                <Link to={to as never} activeOptions={{ includeSearch: false }} onClick={onGo} {...(below && path.startsWith(below) ? { "aria-current": true } : {})}>
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
  return <Link to="/" className="brand"><img src="/icon.svg" alt="" width="24" height="24" />Triptych</Link>;
}
