import { useEffect, useRef, useState } from "react";

const HIGHLIGHT_MS = 2_500;

/** True for a moment after `value` has changed, so that live updates are noticed. `subject`: what the value is of. */
export function useHighlight(value: unknown, subject: string): boolean {
  const previous = useRef({ value, subject });
  const [highlighted, setHighlighted] = useState(false);
  useEffect(() => {
    const last = previous.current;
    previous.current = { value, subject };
    if (last.subject !== subject) setHighlighted(false);
    if (last.subject !== subject || last.value === value || last.value === undefined || value === undefined) return;
    setHighlighted(true);
    const timer = setTimeout(() => setHighlighted(false), HIGHLIGHT_MS);
    return () => clearTimeout(timer);
  }, [value, subject]);
  return highlighted;
}
