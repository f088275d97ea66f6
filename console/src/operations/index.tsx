import type { AnyRoute } from "@tanstack/react-router";
import type { Entry } from "@/frame/panels";

/** The pages of this panel and their places in the navigation. */
export const routes: AnyRoute[] = [];
export const entries: Entry[] = [];
