import { LogIn } from "lucide-react";
import { signInAs, useSignIn } from "@/api/me";
import { useSay } from "@/i18n";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Loading } from "@/ui/states";
import { ALONE, useRoleName } from "./DeveloperBanner";

/** For whoever is not signed in: the company's own sign-in, or on a developer's machine the choice of a role. */
export function SignInPage() {
  const t = useSay();
  const roleName = useRoleName();
  const door = useSignIn();
  const enter = (role: string): void => {
    signInAs({ role }).catch((error: Error) => announce(error.message, "bad"));
  };
  return (
    <main className="page read" style={{ maxWidth: "28rem", margin: "12vh auto 0" }}>
      <h1>Triptych</h1>
      <p className="muted">{t("app.motto")}</p>
      <div className="card"><div className="card-body stack">
        <h2>{t("signin.title")}</h2>
        <p>{t("signin.needed")}</p>
        {door.isPending && <Loading rows={1} />}
        {door.data?.login_url && (
          <a className="button primary" href={door.data.login_url}><LogIn className="icon" aria-hidden />{t("signin.go")}</a>
        )}
        {door.data?.mode === "developer" && (
          <>
            <p className="notice warn">{t("developer.loud")}. {t("developer.what")}</p>
            <div className="row">{ALONE.map((role) => <Button key={role} onClick={() => enter(role)}>{roleName(role)}</Button>)}</div>
          </>
        )}
      </div></div>
    </main>
  );
}
