import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Tooltip } from "radix-ui";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "@/api/hooks";
import { show } from "@/frame/preferences";
import { router } from "@/router";
import "@/styles/tokens.css";
import "@/styles/base.css";
import "@/styles/frame.css";
import "@/styles/ui.css";

show();
const place = document.getElementById("root");
if (!place) throw new Error("there is no #root");
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Tooltip.Provider>
        <RouterProvider router={router} />
      </Tooltip.Provider>
    </QueryClientProvider>
  </StrictMode>,
);
