import { LogIn } from "lucide-react";
import { signInAs, useSignIn } from "@/shared/api/viewer";
import { useNames, useTranslate } from "@/shared/i18n";
import { announce } from "@/shared/ui/announce";
import { Button } from "@/shared/ui/Button";
import { LoadingState } from "@/shared/ui/queryStates";
import { ROLES_WITHOUT_PERSON } from "./DeveloperBanner";

/** The company's own sign-in, or in developer mode the choice of a role. */
export function SignInPage() {
  const t = useTranslate();
  const roleName = useNames("role");
  const options = useSignIn();
  const choose = (role: string): void => {
    signInAs({ role }).catch((error: Error) => announce(error.message, "bad"));
  };
  return (
    <main className="page narrow" style={{ maxWidth: "28rem", margin: "12vh auto 0" }}>
      <h1>Triptych</h1>
      <p className="muted">{t("app.motto")}</p>
      <div className="card">
        <div className="card-body stack">
          <h2>{t("signin.title")}</h2>
          <p>{t("signin.needed")}</p>
          {options.isPending && <LoadingState rows={1} />}
          {options.data?.login_url && (
            <a className="button primary" href={options.data.login_url}>
              <LogIn className="icon" aria-hidden />
              {t("signin.go")}
            </a>
          )}
          {options.data?.mode === "developer" && (
            <>
              <p className="notice warn">
                {t("developer.title")}. {t("developer.warning")}
              </p>
              <div className="row">
                {ROLES_WITHOUT_PERSON.map((role) => (
                  <Button key={role} onClick={() => choose(role)}>
                    {roleName(role)}
                  </Button>
                ))}
              </div>
            </>
          )}
        </div>
      </div>
    </main>
  );
}
