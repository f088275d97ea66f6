import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "@/shared/api/queries";
import { applyPreferences } from "@/shared/preferences";
import { reportRejectedParams } from "./rejectedParams";
import { router } from "./router";
import "@/shared/ui/styles/tokens.css";
import "@/shared/ui/styles/base.css";
import "./app.css";
import "@/shared/ui/styles/components.css";

applyPreferences();
reportRejectedParams(router);
const container = document.getElementById("root");
if (!container) throw new Error("index.html has no element #root");
createRoot(container).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
