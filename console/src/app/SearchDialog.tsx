import { useNavigate } from "@tanstack/react-router";
import { ArrowRight, Search as SearchIcon } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import { type KeyboardEvent, useEffect, useId, useMemo, useState } from "react";
import { useTranslate } from "@/shared/i18n";
import { Badge } from "@/shared/ui/primitives";
import { PANELS } from "./navigation";
import { type SearchResult, useSearchResults } from "./searchResults";

const MAX_PAGES = 8;

/** Opens the search with `/` or Ctrl-K, except that `/` is left to text fields. */
export function useSearchShortcut(open: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: globalThis.KeyboardEvent): void => {
      const modifier = event.ctrlKey || event.metaKey;
      const inTextField =
        event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]");
      const isShortcut = modifier
        ? event.key.toLowerCase() === "k"
        : event.key === "/" && !event.altKey && !inTextField;
      if (!isShortcut) return;
      event.preventDefault();
      open();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [open]);
}

export function SearchDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useTranslate();
  return (
    <Primitive.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Primitive.Portal>
        <Primitive.Overlay className="overlay" />
        <Primitive.Content className="dialog search" aria-describedby={undefined}>
          <Primitive.Title className="visually-hidden">{t("search.title")}</Primitive.Title>
          <SearchCombobox onDone={onClose} />
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

/** A combobox with a list of results: arrow keys select, Enter opens. */
function SearchCombobox({ onDone }: { onDone: () => void }) {
  const t = useTranslate();
  const id = useId();
  const navigate = useNavigate();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const pages = usePageResults(query);
  const { results: records, byId, busy } = useSearchResults(query);
  const results = [...records, ...pages];
  const selected = Math.min(active, Math.max(0, results.length - 1));
  const open = (result: SearchResult | undefined): void => {
    if (!result) return;
    onDone();
    void result.open(navigate);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") open(results[selected]);
    else if (step && results.length) setActive((selected + step + results.length) % results.length);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div className="search-field">
        <SearchIcon className="icon" aria-hidden />
        <input
          // biome-ignore lint/a11y/noAutofocus: the dialog opens for typing, and its title is read out before
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-label={t("search.hint")}
          aria-activedescendant={results.length ? `${id}-${selected}` : undefined}
          placeholder={t("search.hint")}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
          autoComplete="off"
          spellCheck={false}
        />
      </div>
      <div className="search-list" id={`${id}-list`} role="listbox" aria-label={t("search.results")}>
        {results.map((result, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox has the focus and handles the keys
          <div
            key={result.key}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === selected}
            onPointerMove={() => setActive(index)}
            onClick={() => open(result)}
          >
            {result.kind ? <Badge>{t(`search.${result.kind}`)}</Badge> : <ArrowRight className="icon" aria-hidden />}
            <span className="clip">{result.label}</span>
            {result.detail && <span className="muted clip">{result.detail}</span>}
          </div>
        ))}
      </div>
      <p className="search-foot" role="status">
        {query && !busy && results.length === 0
          ? t("search.noResults", { query })
          : t("search.count", { n: results.length })}
        {byId && <> · {t("search.byId")}</>}
      </p>
    </>
  );
}

/** Pages of the console whose title contains the text. */
function usePageResults(query: string): SearchResult[] {
  const t = useTranslate();
  return useMemo(() => {
    const text = query.trim().toLowerCase();
    return PANELS.flatMap((panel) =>
      panel.entries.map(({ to, label }): SearchResult => {
        return { key: to, label: t(label), detail: t(`panel.${panel.name}`), open: (navigate) => navigate({ to }) };
      }),
    )
      .filter((page) => page.label.toLowerCase().includes(text))
      .slice(0, MAX_PAGES);
  }, [query, t]);
}
