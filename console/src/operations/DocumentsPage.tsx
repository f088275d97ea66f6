import { ExternalLink } from "lucide-react";
import { useSay } from "@/i18n";
import { PageFrame } from "@/ui/Page";

const DOCUMENTS = [
  { href: "/docs", key: "docs" }, { href: "/openapi.json", key: "openapi" }, { href: "/asyncapi.json", key: "asyncapi" },
] as const;

/** The system's own documents, served by itself. */
export function DocumentsPage() {
  const t = useSay();
  return (
    <PageFrame title={t("operations.documents")} sub={t("documents.sub")} read>
      <div className="grid">
        {DOCUMENTS.map(({ href, key }) => (
          <section className="card" key={href} aria-label={t(`documents.${key}`)}><div className="card-body stack">
            <h2>{t(`documents.${key}`)}</h2>
            <p className="muted">{t(`documents.${key}.why`)}</p>
            <p><a className="button" href={href} target="_blank" rel="noreferrer"><ExternalLink className="icon" aria-hidden />{href}</a></p>
          </div></section>
        ))}
      </div>
    </PageFrame>
  );
}
