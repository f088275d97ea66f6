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

const FIRST = /src\/results\/board\/BoardPage\.tsx$/;

/** Most begin with the board: its parts are fetched beside the main script, not after it. */
const firstPage: Plugin = {
  name: "first-page-preloaded",
  transformIndexHtml: {
    order: "post",
    handler(html, { bundle = {} }) {
      const wanted = new Set<string>();
      const add = (name: string): void => {
        const chunk = bundle[name];
        if (wanted.has(name) || chunk?.type !== "chunk") return;
        wanted.add(name);
        chunk.viteMetadata?.importedCss.forEach((css) => wanted.add(css));
        chunk.imports.forEach(add);
      };
      Object.values(bundle).forEach((chunk) => chunk.type === "chunk" && FIRST.test(chunk.facadeModuleId ?? "") && add(chunk.fileName));
      return [...wanted].filter((name) => !html.includes(name)).map((name) => ({
        tag: "link", injectTo: "head",
        attrs: name.endsWith(".css") ? { rel: "preload", href: `/${name}`, as: "style", crossorigin: true } : { rel: "modulepreload", href: `/${name}`, crossorigin: true },
      }));
    },
  },
};

export default defineConfig({
  plugins: [react(), licence, firstPage],
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
