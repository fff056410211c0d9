// Builds styles, scripts, fonts and icons into webapp/static/gen, named by their content, and a manifest of the names.
//   css/components/*.css and js/behaviours/*.js belong to every page: adding one needs no list.
//   js/NAME.js (except main.js) is the script of pages that ask for it: asset("NAME.js").
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import esbuild from "esbuild"

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, "../..")
const target = join(here, "../static/gen")
const fresh = `${target}.new`

const listed = async (folder, end) => (await readdir(join(here, folder))).filter((name) => name.endsWith(end)).sort()

const everyPage = {
  name: "every-page",
  setup(build) {
    build.onResolve({ filter: /^every:/ }, ({ path }) => ({ path, namespace: "every" }))
    build.onLoad({ filter: /./, namespace: "every" }, async ({ path }) => {
      const [folder, end] = path === "every:components" ? ["css/components", ".css"] : ["js/behaviours", ".js"]
      const say = end === ".css" ? (name) => `@import "./${name}";` : (name) => `import "./${name}"`
      const contents = (await listed(folder, end)).map(say).join("\n")
      return { contents, loader: end.slice(1), resolveDir: join(here, folder) }
    })
  },
}

// assets_build.py keeps of the wide font what fonts.css names; without that the whole font does
const narrowFont = {
  name: "narrow-font",
  setup(build) {
    build.onResolve({ filter: /inter-latin-ext-opsz-normal\.woff2$/ }, ({ path }) => {
      const narrow = join(here, "gen", basename(path))
      return existsSync(narrow) ? { path: narrow } : undefined
    })
  },
}

async function bundle() {
  const own = (await listed("js", ".js")).filter((name) => name !== "main.js").map((name) => [basename(name, ".js"), `js/${name}`])
  const entries = { app: "js/main.js", ...Object.fromEntries(own) }
  const common = { absWorkingDir: here, bundle: true, minify: true, metafile: true, entryNames: "[name]-[hash]", assetNames: "[name]-[hash]", outdir: fresh, target: ["chrome123", "firefox120", "safari17.5"], loader: { ".woff2": "file", ".woff": "file", ".ttf": "file", ".eot": "file", ".svg": "dataurl" }, plugins: [everyPage, narrowFont], legalComments: "linked", logLevel: "warning" }
  const built = await Promise.all([
    esbuild.build({ ...common, entryPoints: { app: "css/app.css", diagram: "css/diagram.css"} }),
    esbuild.build({ ...common, entryPoints: entries, format: "esm", splitting: true, chunkNames: "part-[hash]" }),
  ])
  const names = {}
  for (const { metafile } of built)
    for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) {
      const name = basename(file)
      if (entryPoint) names[name.replace(/-[A-Z0-9]{8}\./, ".")] = name
    }
  return names
}

async function keep(name, contents) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 8).toUpperCase()
  const [stem, end] = name.split(".")
  await writeFile(join(fresh, `${stem}-${hash}.${end}`), contents)
  return { [name]: `${stem}-${hash}.${end}` }
}

async function sprite() {
  const names = (await readFile(join(here, "icons.txt"), "utf8")).split("\n").filter(Boolean)
  const symbols = await Promise.all(
    names.map(async (name) => {
      const svg = await readFile(join(root, "node_modules/@tabler/icons/icons/outline", `${name}.svg`), "utf8")
      return `<symbol id="${name}" viewBox="0 0 24 24">${svg.replace(/<!--.*?-->/gs, "").replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, "").trim()}</symbol>`
    }),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`
}

await rm(fresh, { recursive: true, force: true })
await mkdir(fresh, { recursive: true })
const names = await bundle()
Object.assign(names, await keep("icons.svg", await sprite()), await keep("mark.svg", await readFile(join(here, "mark.svg"), "utf8")))
await writeFile(join(fresh, "manifest.json"), JSON.stringify(names, null, 2) + "\n")
await rm(target, { recursive: true, force: true })
await rename(fresh, target)
console.log(`${Object.keys(names).length} files in ${relative(root, target)}`)
