import { useNavigate } from "@tanstack/react-router";
import { Languages, Menu as MenuIcon, Moon, Printer, Search as SearchIcon, Sun, SunMoon, UserRound } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import { useState } from "react";
import { useLiveState } from "@/api/live";
import { signOut, useMe } from "@/api/me";
import { useSay } from "@/i18n";
import { LANGUAGES, type Language } from "@/i18n/words";
import { Button } from "@/ui/Button";
import { Menu } from "@/ui/Menu";
import { printWhole } from "@/ui/printing";
import { Brand, Nav } from "./Nav";
import { prefer, type Theme, usePreferences } from "./preferences";
import { SearchDialog, useSearchKeys } from "./SearchDialog";

export function Top() {
  const t = useSay();
  const [searching, setSearching] = useState(false);
  useSearchKeys(() => setSearching(true));
  const live = useLiveState();
  return (
    <header className="top no-print">
      <Drawer />
      <button type="button" className="top-search" onClick={() => setSearching(true)} aria-keyshortcuts="/ Control+K">
        <SearchIcon className="icon" aria-hidden />
        <span className="clip">{t("search.open")}</span>
        <kbd className="wide-only" aria-hidden>/</kbd>
      </button>
      <span className="grow" />
      <span className="live wide-only" data-state={live}>{t(`live.${live}`)}</span>
      <Button look="quiet" className="wide-only" icon={<Printer className="icon" aria-hidden />} label={t("print")} onClick={() => void printWhole()} />
      <ThemeMenu />
      <LanguageMenu />
      <UserMenu />
      <SearchDialog open={searching} onClose={() => setSearching(false)} />
    </header>
  );
}

/** On a phone the panels are behind a button. */
function Drawer() {
  const t = useSay();
  const [open, setOpen] = useState(false);
  return (
    <Primitive.Root open={open} onOpenChange={setOpen}>
      <Primitive.Trigger asChild>
        <Button look="quiet" className="top-menu" icon={<MenuIcon className="icon" aria-hidden />} label={t("app.menu")} />
      </Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Overlay className="overlay" />
        <Primitive.Content className="drawer" aria-describedby={undefined}>
          <Primitive.Title className="visually-hidden">{t("app.menu")}</Primitive.Title>
          <Brand />
          <Nav onGo={() => setOpen(false)} />
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

const THEMES: Record<Theme, typeof Sun> = { system: SunMoon, light: Sun, dark: Moon };

function ThemeMenu() {
  const t = useSay();
  const { theme } = usePreferences();
  const Icon = THEMES[theme];
  return (
    <Menu
      trigger={<Button look="quiet" icon={<Icon className="icon" aria-hidden />} label={t("theme.label")} />}
      groups={[{ key: "theme", entries: (Object.keys(THEMES) as Theme[]).map((one) => ({
        key: one, label: t(`theme.${one}`), chosen: one === theme, onSelect: () => prefer({ theme: one }),
      })) }]}
    />
  );
}

function LanguageMenu() {
  const t = useSay();
  const { language } = usePreferences();
  return (
    <Menu
      trigger={<Button look="quiet" icon={<Languages className="icon" aria-hidden />} label={t("language.label")} />}
      groups={[{ key: "language", entries: (Object.keys(LANGUAGES) as Language[]).map((one) => ({
        key: one, label: <span lang={one}>{LANGUAGES[one]}</span>, chosen: one === language, onSelect: () => prefer({ language: one }),
      })) }]}
    />
  );
}

/** Whoever signed in with an account may leave again; a developer changes eyes in the banner. */
function UserMenu() {
  const t = useSay();
  const me = useMe();
  const navigate = useNavigate();
  if (!me || me.mode === "developer") return null;
  const leave = async (): Promise<void> => {
    await signOut();
    await navigate({ to: "/" });
  };
  return (
    <Menu
      trigger={<Button look="quiet" icon={<UserRound className="icon" aria-hidden />} label={t("signin.in", { name: me.name ?? me.principal })} />}
      groups={[{ key: "me", label: me.name ?? me.principal, entries: [{ key: "out", label: t("signin.out"), onSelect: () => void leave() }] }]}
    />
  );
}
