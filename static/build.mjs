// Bundles scripts and styles into dist/ under names that hold a hash of their content, and writes
// manifest.json: {plain name: built name}. `--watch` builds again on every change.
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { context } from "esbuild";

const root = fileURLToPath(new URL(".", import.meta.url));
const dist = join(root, "dist");
const HASH = /-[A-Z0-9]{8}(?=\.\w+$)/;

const manifest = {
  name: "manifest",
  setup(build) {
    build.onEnd(async (result) => {
      if (result.errors.length > 0) return;
      const built = Object.keys(result.metafile.outputs).map((path) => basename(path));
      await dropOthers(built);
      const names = Object.fromEntries(built.sort().map((name) => [plainName(name), name]));
      await writeFile(join(dist, "manifest.json"), `${JSON.stringify(names, null, 2)}\n`);
    });
  },
};

/** Chunks that pieces share have no name of their own, so they keep their hash. */
function plainName(name) {
  return name.startsWith("chunk-") ? name : name.replace(HASH, "");
}

async function dropOthers(kept) {
  const stale = (await readdir(dist)).filter((name) => HASH.test(name) && !kept.includes(name));
  await Promise.all(stale.map((name) => rm(join(dist, name))));
}

await mkdir(dist, { recursive: true });
const builder = await context({
  absWorkingDir: root,
  entryPoints: ["src/portal.ts", "src/desk.ts", "src/digest-worker.ts", "styles/portal.css"],
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16"],
  minify: true,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  plugins: [manifest],
});
if (process.argv.includes("--watch")) {
  await builder.watch();
} else {
  await builder.rebuild();
  await builder.dispose();
}
