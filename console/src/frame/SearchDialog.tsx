import { useNavigate } from "@tanstack/react-router";
import { ArrowRight, Search as SearchIcon } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import { type KeyboardEvent, useEffect, useId, useMemo, useState } from "react";
import { useSay } from "@/i18n";
import { Badge } from "@/ui/small";
import { PANELS } from "./panels";
import { type Hit, useSearchHits } from "./searching";

/** `/` and Ctrl-K from anywhere but a field that is being typed in. */
export function useSearchKeys(open: () => void): void {
  useEffect(() => {
    const pressed = (event: globalThis.KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]");
      const chord = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
      if (!chord && (typing || event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey)) return;
      event.preventDefault();
      open();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [open]);
}

export function SearchDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useSay();
  return (
    <Primitive.Root open={open} onOpenChange={(now) => !now && onClose()}>
      <Primitive.Portal>
        <Primitive.Overlay className="overlay" />
        <Primitive.Content className="dialog search" aria-describedby={undefined}>
          <Primitive.Title className="visually-hidden">{t("search.title")}</Primitive.Title>
          <Finder onDone={onClose} />
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

/** A combobox over what is found: arrows choose, Enter goes. */
function Finder({ onDone }: { onDone: () => void }) {
  const t = useSay();
  const id = useId();
  const navigate = useNavigate();
  const [q, setQ] = useState("");
  const [at, setAt] = useState(0);
  const pages = usePageHits(q);
  const { hits: found, byId, busy } = useSearchHits(q);
  const hits = [...found, ...pages];
  const chosen = Math.min(at, Math.max(0, hits.length - 1));
  const go = (hit: Hit | undefined): void => {
    if (!hit) return;
    onDone();
    void navigate({ to: hit.to as never, params: hit.params as never, search: (hit.search ?? {}) as never });
  };
  const pressed = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") go(hits[chosen]);
    else if (step && hits.length) setAt((chosen + step + hits.length) % hits.length);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div className="search-field">
        <SearchIcon className="icon" aria-hidden />
        <input
          autoFocus role="combobox" aria-expanded="true" aria-controls={`${id}-list`} aria-autocomplete="list" aria-label={t("search.hint")}
          aria-activedescendant={hits.length ? `${id}-${chosen}` : undefined} placeholder={t("search.hint")} value={q}
          onChange={(event) => (setQ(event.target.value), setAt(0))} onKeyDown={pressed} autoComplete="off" spellCheck={false}
        />
      </div>
      <ul className="search-list" id={`${id}-list`} role="listbox" aria-label={t("search.found")}>
        {hits.map((hit, i) => (
          // the field above has the focus and the keys; a pointer may choose as well
          <li key={hit.key} id={`${id}-${i}`} role="option" aria-selected={i === chosen} onPointerMove={() => setAt(i)} onClick={() => go(hit)}>
            {hit.kind ? <Badge>{t(`search.${hit.kind}`)}</Badge> : <ArrowRight className="icon" aria-hidden />}
            <span className="clip">{hit.label}</span>
            {hit.more && <span className="muted clip">{hit.more}</span>}
          </li>
        ))}
      </ul>
      <p className="search-foot" role="status">
        {q && !busy && hits.length === 0 ? t("search.nothing", { q }) : t("search.count", { n: hits.length })}
        {byId && <> · {t("search.byId")}</>}
      </p>
    </>
  );
}

function usePageHits(q: string): Hit[] {
  const t = useSay();
  return useMemo(() => {
    const wanted = q.trim().toLowerCase();
    const all = PANELS.flatMap((p) => p.entries.map((e) => ({ key: e.to, to: e.to, label: t(e.label), more: t(`panel.${p.name}`) })));
    return all.filter((hit) => hit.label.toLowerCase().includes(wanted)).slice(0, 8);
  }, [q, t]);
}
