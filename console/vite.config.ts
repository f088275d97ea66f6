import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Ships the font's licence with the font. */
const fontLicence: Plugin = {
  name: "font-licence",
  generateBundle() {
    const source = readFileSync(new URL("./node_modules/@fontsource-variable/inter/LICENSE", import.meta.url));
    this.emitFile({ type: "asset", fileName: "assets/inter-licence.txt", source });
  },
};

/** The running system for `npm run dev`; the built console is served by the system itself. */
const system = process.env.TRIPTYCH_HTTP ?? "127.0.0.1:8080";

const START_PAGE = /src\/features\/results\/board\/BoardPage\.tsx$/;

/** Preloads the chunks of the most frequent start page together with the main script, not after it. */
const preloadStartPage: Plugin = {
  name: "preload-start-page",
  transformIndexHtml: {
    order: "post",
    handler(html, { bundle = {} }) {
      const files = new Set<string>();
      const add = (name: string): void => {
        const chunk = bundle[name];
        if (files.has(name) || chunk?.type !== "chunk") return;
        files.add(name);
        for (const css of chunk.viteMetadata?.importedCss ?? []) files.add(css);
        for (const imported of chunk.imports) add(imported);
      };
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === "chunk" && START_PAGE.test(chunk.facadeModuleId ?? "")) add(chunk.fileName);
      }
      return [...files]
        .filter((name) => !html.includes(name))
        .map((name) => ({
          tag: "link",
          injectTo: "head",
          attrs: name.endsWith(".css")
            ? { rel: "preload", href: `/${name}`, as: "style", crossorigin: true }
            : { rel: "modulepreload", href: `/${name}`, crossorigin: true },
        }));
    },
  },
};

export default defineConfig({
  plugins: [react(), fontLicence, preloadStartPage],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    outDir: "../services/gateway/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content security policy allows data: URLs for images only
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "^/(v1|s|openapi.json|asyncapi.json|docs)(/|$|\\?)": `http://${system}` } },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node" },
});
