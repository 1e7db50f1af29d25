// Runs src/**/*.test.ts with node's own test runner, after bundling them to plain modules.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL(".", import.meta.url));
const tests = readdirSync(join(root, "src"), { recursive: true }).filter((name) =>
  name.endsWith(".test.ts"),
);
const outdir = mkdtempSync(join(root, "node_modules", ".tests-"));
try {
  await build({
    absWorkingDir: root,
    entryPoints: tests.map((name) => join("src", name)),
    outdir,
    bundle: true,
    platform: "node",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
  const files = readdirSync(outdir, { recursive: true }).filter((name) => name.endsWith(".mjs"));
  const run = spawnSync(
    process.execPath,
    ["--test", ...files.map((name) => join(outdir, name))],
    { stdio: "inherit" },
  );
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(outdir, { recursive: true });
}
