import { X } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import type { ReactNode } from "react";
import { useSay } from "@/i18n";
import { Button } from "./Button";

interface Props {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** What it is for, read out after the title. */
  about?: ReactNode;
  wide?: boolean;
  children: ReactNode;
  foot?: ReactNode;
}

/** A modal dialog: focus is kept inside, Escape closes, focus goes back to where it was. */
export function Dialog({ open, onClose, title, about, wide = false, children, foot }: Props) {
  const t = useSay();
  return (
    <Primitive.Root open={open} onOpenChange={(now) => !now && onClose()}>
      <Primitive.Portal>
        <Primitive.Overlay className="overlay" />
        <Primitive.Content className={wide ? "dialog wide" : "dialog"} {...(about ? {} : { "aria-describedby": undefined })}>
          <header className="dialog-head">
            <div className="grow">
              <Primitive.Title asChild><h2>{title}</h2></Primitive.Title>
              {about && <Primitive.Description asChild><div className="muted">{about}</div></Primitive.Description>}
            </div>
            <Primitive.Close asChild>
              <Button look="quiet" small icon={<X className="icon" aria-hidden />} label={t("action.close")} />
            </Primitive.Close>
          </header>
          <div className="dialog-body">{children}</div>
          {foot && <footer className="dialog-foot">{foot}</footer>}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
