import { translate } from "@/shared/i18n/catalogue";
import { currentLanguage } from "@/shared/preferences";
import { rejectedParams } from "@/shared/routing/searchParams";
import { announce } from "@/shared/ui/announce";
import type { AppRouter } from "./router";

/** Notifies the user of the unknown and invalid parameters that were removed from the opened address. */
export function reportRejectedParams(router: AppRouter): void {
  const opened = window.location;
  const { pathname, search } = { pathname: opened.pathname, search: opened.search };
  if (!search) return;
  const unsubscribe = router.subscribe("onResolved", ({ toLocation }) => {
    unsubscribe();
    if (toLocation.pathname !== pathname) return;
    const names = rejectedParams(search, toLocation.searchStr);
    if (names.length) announce(translate(currentLanguage(), "app.rejectedParams", { names: names.join(", ") }), "bad");
  });
}
