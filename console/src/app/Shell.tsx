import { Outlet } from "@tanstack/react-router";
import { useLiveUpdates } from "@/shared/api/liveUpdates";
import { useViewer } from "@/shared/api/viewer";
import { useTranslate } from "@/shared/i18n";
import { Notifications } from "@/shared/ui/announce";
import { DeveloperBanner } from "./DeveloperBanner";
import { Brand, Navigation } from "./Navigation";
import { SignInPage } from "./SignInPage";
import { TopBar } from "./TopBar";

/** The frame of every page: navigation, top bar, notifications. Without a session it shows the sign-in only. */
export function Shell() {
  const t = useTranslate();
  const viewer = useViewer();
  useLiveUpdates();
  if (viewer.data?.state === "signed_out") {
    return (
      <>
        <SignInPage />
        <Notifications />
      </>
    );
  }
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t("app.skip")}
      </a>
      <aside className="shell-side">
        <Brand />
        <Navigation />
      </aside>
      <div className="shell-body">
        <DeveloperBanner />
        <TopBar />
        <Outlet />
      </div>
      <Notifications />
    </div>
  );
}
