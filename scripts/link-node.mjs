// Puts the pinned Node 24 at node_modules/.bin/node, so that every npm script runs on it.
// npm 10 removes that link when several platform packages share the name; npm 11 makes it itself.
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const modules = new URL('../node_modules/', import.meta.url)
const platform = `node-${process.platform}-${process.arch}`
const link = fileURLToPath(new URL('.bin/node', modules))
const isDangling = !existsSync(link) && lstatSync(link, { throwIfNoEntry: false }) !== undefined

// On Windows npm writes command shims itself; elsewhere a missing platform package means the
// host's own Node is used, and the launcher says so when that one is too old.
if (process.platform !== 'win32' && existsSync(new URL(`${platform}/bin/node`, modules))) {
  if (isDangling) rmSync(link)
  if (!existsSync(link)) {
    mkdirSync(new URL('.bin/', modules), { recursive: true })
    symlinkSync(`../${platform}/bin/node`, link)
  }
}
