import { useNavigate } from "@tanstack/react-router";
import {
  Languages,
  Menu as MenuIcon,
  Moon,
  Printer,
  Search as SearchIcon,
  Sun,
  SunMoon,
  UserRound,
} from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import { useState } from "react";
import { useLiveState } from "@/shared/api/liveUpdates";
import { signOut, useMe } from "@/shared/api/viewer";
import { useTranslate } from "@/shared/i18n";
import { LANGUAGES, type Language } from "@/shared/i18n/catalogue";
import { setPreferences, type Theme, usePreferences } from "@/shared/preferences";
import { Button } from "@/shared/ui/Button";
import { Menu } from "@/shared/ui/Menu";
import { printPage } from "@/shared/ui/printing";
import { Brand, Navigation } from "./Navigation";
import { SearchDialog, useSearchShortcut } from "./SearchDialog";

export function TopBar() {
  const t = useTranslate();
  const [searching, setSearching] = useState(false);
  useSearchShortcut(() => setSearching(true));
  const live = useLiveState();
  return (
    <header className="top no-print">
      <NavigationDrawer />
      <button type="button" className="top-search" onClick={() => setSearching(true)} aria-keyshortcuts="/ Control+K">
        <SearchIcon className="icon" aria-hidden />
        <span className="clip">{t("search.open")}</span>
        <kbd className="wide-only" aria-hidden>
          /
        </kbd>
      </button>
      <span className="grow" />
      <span className="live wide-only" data-state={live}>
        {t(`live.${live}`)}
      </span>
      <Button
        variant="quiet"
        className="wide-only"
        icon={<Printer className="icon" aria-hidden />}
        label={t("print")}
        onClick={() => void printPage()}
      />
      <ThemeMenu />
      <LanguageMenu />
      <UserMenu />
      <SearchDialog open={searching} onClose={() => setSearching(false)} />
    </header>
  );
}

/** On a phone the navigation opens in a drawer. */
function NavigationDrawer() {
  const t = useTranslate();
  const [open, setOpen] = useState(false);
  return (
    <Primitive.Root open={open} onOpenChange={setOpen}>
      <Primitive.Trigger asChild>
        <Button
          variant="quiet"
          className="top-menu"
          icon={<MenuIcon className="icon" aria-hidden />}
          label={t("app.menu")}
        />
      </Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Overlay className="overlay" />
        <Primitive.Content className="drawer" aria-describedby={undefined}>
          <Primitive.Title className="visually-hidden">{t("app.menu")}</Primitive.Title>
          <Brand />
          <Navigation onNavigate={() => setOpen(false)} />
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

const THEMES: Record<Theme, typeof Sun> = { system: SunMoon, light: Sun, dark: Moon };

function ThemeMenu() {
  const t = useTranslate();
  const { theme } = usePreferences();
  const Icon = THEMES[theme];
  return (
    <Menu
      trigger={<Button variant="quiet" icon={<Icon className="icon" aria-hidden />} label={t("theme.label")} />}
      groups={[
        {
          key: "theme",
          items: (Object.keys(THEMES) as Theme[]).map((option) => ({
            key: option,
            label: t(`theme.${option}`),
            checked: option === theme,
            onSelect: () => setPreferences({ theme: option }),
          })),
        },
      ]}
    />
  );
}

function LanguageMenu() {
  const t = useTranslate();
  const { language } = usePreferences();
  return (
    <Menu
      trigger={<Button variant="quiet" icon={<Languages className="icon" aria-hidden />} label={t("language.label")} />}
      groups={[
        {
          key: "language",
          items: (Object.keys(LANGUAGES) as Language[]).map((option) => ({
            key: option,
            label: <span lang={option}>{LANGUAGES[option]}</span>,
            checked: option === language,
            onSelect: () => setPreferences({ language: option }),
          })),
        },
      ]}
    />
  );
}

/** Signs out of an account. In developer mode the banner switches the user instead. */
function UserMenu() {
  const t = useTranslate();
  const me = useMe();
  const navigate = useNavigate();
  if (!me || me.mode === "developer") return null;
  const leave = async (): Promise<void> => {
    await signOut();
    await navigate({ to: "/" });
  };
  return (
    <Menu
      trigger={
        <Button
          variant="quiet"
          icon={<UserRound className="icon" aria-hidden />}
          label={t("signin.in", { name: me.name ?? me.principal })}
        />
      }
      groups={[
        {
          key: "me",
          label: me.name ?? me.principal,
          items: [{ key: "out", label: t("signin.out"), onSelect: () => void leave() }],
        },
      ]}
    />
  );
}
