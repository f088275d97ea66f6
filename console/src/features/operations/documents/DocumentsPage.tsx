import { ExternalLink } from "lucide-react";
import { useTranslate } from "@/shared/i18n";
import { PageLayout } from "@/shared/ui/PageLayout";

const DOCUMENTS = [
  { href: "/docs", key: "docs" },
  { href: "/openapi.json", key: "openapi" },
  { href: "/asyncapi.json", key: "asyncapi" },
] as const;

/** Links to the API documents that the system serves. */
export function DocumentsPage() {
  const t = useTranslate();
  return (
    <PageLayout title={t("operations.documents")} subtitle={t("documents.subtitle")} narrow>
      <div className="grid">
        {DOCUMENTS.map(({ href, key }) => (
          <section className="card" key={href} aria-label={t(`documents.${key}`)}>
            <div className="card-body stack">
              <h2>{t(`documents.${key}`)}</h2>
              <p className="muted">{t(`documents.${key}.description`)}</p>
              <p>
                <a className="button" href={href} target="_blank" rel="noreferrer">
                  <ExternalLink className="icon" aria-hidden />
                  {href}
                </a>
              </p>
            </div>
          </section>
        ))}
      </div>
    </PageLayout>
  );
}
