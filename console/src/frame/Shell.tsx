import { Outlet } from "@tanstack/react-router";
import { useLive } from "@/api/live";
import { useViewer } from "@/api/me";
import { useSay } from "@/i18n";
import { Announcer } from "@/ui/announce";
import { DeveloperBanner } from "./DeveloperBanner";
import { Brand, Nav } from "./Nav";
import { SignInPage } from "./SignIn";
import { Top } from "./Top";

/** What stands around every page. Nobody who has to sign in sees more than the way to do it. */
export function Shell() {
  const t = useSay();
  const viewer = useViewer();
  useLive();
  if (viewer.data?.state === "out") return <><SignInPage /><Announcer /></>;
  return (
    <div className="shell">
      <a className="skip" href="#content">{t("app.skip")}</a>
      <aside className="shell-side"><Brand /><Nav /></aside>
      <div className="shell-body">
        <DeveloperBanner />
        <Top />
        <Outlet />
      </div>
      <Announcer />
    </div>
  );
}
