/** True for a moment after a value has become another one: what the live stream brought is seen. */
import { useEffect, useRef, useState } from "react";

const SEEN_MS = 2_500;

export function useChanged(value: unknown, about: string): boolean {
  const before = useRef({ value, about });
  const [changed, setChanged] = useState(false);
  useEffect(() => {
    const last = before.current;
    before.current = { value, about };
    if (last.about !== about) setChanged(false);
    if (last.about !== about || last.value === value || last.value === undefined || value === undefined) return;
    setChanged(true);
    const timer = setTimeout(() => setChanged(false), SEEN_MS);
    return () => clearTimeout(timer);
  }, [value, about]);
  return changed;
}
