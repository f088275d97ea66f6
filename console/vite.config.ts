import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The licence of the letters goes wherever they go. */
const licence: Plugin = {
  name: "licence-of-the-letters",
  generateBundle() {
    const source = readFileSync(new URL("./node_modules/@fontsource-variable/inter/LICENSE", import.meta.url));
    this.emitFile({ type: "asset", fileName: "assets/inter-licence.txt", source });
  },
};

// The running system that `npm run dev` shows; the built console is served by the system itself.
const system = process.env.TRIPTYCH_HTTP ?? "127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), licence],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    outDir: "../services/gateway/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content security policy knows no data: URLs but pictures
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "^/(v1|s|openapi.json|asyncapi.json|docs)(/|$|\\?)": `http://${system}` } },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node" },
});
