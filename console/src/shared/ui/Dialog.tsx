import { X } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslate } from "@/shared/i18n";
import { Button } from "./Button";

interface Props {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** Read out after the title by screen readers. */
  description?: ReactNode;
  wide?: boolean;
  children: ReactNode;
  footer?: ReactNode;
}

/** A modal dialog: it traps the focus, closes with Escape, and returns the focus. */
export function Dialog({ open, onClose, title, description, wide = false, children, footer }: Props) {
  const t = useTranslate();
  return (
    <Primitive.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Primitive.Portal>
        <Primitive.Overlay className="overlay" />
        <Primitive.Content
          className={wide ? "dialog wide" : "dialog"}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <header className="dialog-head">
            <div className="grow">
              <Primitive.Title asChild>
                <h2>{title}</h2>
              </Primitive.Title>
              {description && (
                <Primitive.Description asChild>
                  <div className="muted">{description}</div>
                </Primitive.Description>
              )}
            </div>
            <Primitive.Close asChild>
              <Button variant="quiet" small icon={<X className="icon" aria-hidden />} label={t("action.close")} />
            </Primitive.Close>
          </header>
          <div className="dialog-body">{children}</div>
          {footer && <footer className="dialog-foot">{footer}</footer>}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
