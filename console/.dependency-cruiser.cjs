/** Import rules of the console: app composes features, features use shared, shared uses neither. */
module.exports = {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Modules must not import each other in a cycle, not even types.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "shared-imports-shared",
      comment: "shared/ must not import features/ or app/.",
      severity: "error",
      from: { path: "^src/shared/" },
      to: { path: "^src/", pathNot: "^src/shared/" },
    },
    {
      name: "features-import-shared",
      comment: "A feature must import itself and shared/ only; what two features need belongs to shared/.",
      severity: "error",
      from: { path: "^src/features/([^/]+)/" },
      to: { path: "^src/", pathNot: ["^src/shared/", "^src/features/$1/"] },
    },
    {
      name: "shared-layers",
      comment: "In shared/: preferences < i18n < api < format < routing < ui.",
      severity: "error",
      from: { path: "^src/shared/(i18n|api|format|routing)/" },
      to: { path: "^src/shared/ui/" },
    },
    {
      name: "api-below-format",
      severity: "error",
      from: { path: "^src/shared/(i18n|api)/" },
      to: { path: "^src/shared/(format|routing)/" },
    },
    {
      name: "i18n-below-api",
      severity: "error",
      from: { path: "^src/shared/i18n/" },
      to: { path: "^src/shared/api/" },
    },
    {
      name: "no-orphan",
      comment: "A module that nothing imports is dead code.",
      severity: "error",
      from: { orphan: true, path: "^src/", pathNot: "\\.test\\.tsx?$" },
      to: {},
    },
    {
      name: "no-unresolved",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "browser", "types", "default"] },
  },
};
