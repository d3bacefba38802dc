#!/usr/bin/env node
// Starts Surety on Node 24: from src in a checkout, from dist when installed. Plain JavaScript, so
// that an older Node can run it far enough to find the right one or to say what to do.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as modules from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const nodeMajor = 24
const condition = '@surety/source'
const launched = 'SURETY_LAUNCHED'
const home = dirname(dirname(fileURLToPath(import.meta.url)))

/** The pinned platform package's executable, or undefined. */
function findNode() {
  const name = `node-${process.platform}-${process.arch}`
  const file = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node'
  const require = modules.createRequire(import.meta.url)
  for (const folder of require.resolve.paths(name) ?? []) {
    const path = join(folder, name, file)
    if (existsSync(path)) return path
  }
  return undefined
}

/** A checkout has src and no package manager put it under node_modules. */
function entryOf() {
  const source = join(home, 'src', 'main.ts')
  const isCheckout = existsSync(source) && !/[\\/]node_modules[\\/]/.test(home)
  if (isCheckout) return { path: source, isSource: true }
  const built = join(home, 'dist', 'main.js')
  return existsSync(built) ? { path: built, isSource: false } : undefined
}

function fail(sentence) {
  process.stderr.write(`surety: ${sentence}\n`)
  process.exitCode = 4
}

/** In this very process, so that a signal to it, even SIGKILL, is a signal to Surety. */
async function runHere({ path, isSource }) {
  // A checkout is read as TypeScript; what that costs is paid once, into a folder of its own.
  if (isSource) modules.enableCompileCache(join(home, '..', '..', 'node_modules', '.cache', 'node'))
  if (isSource && !process.execArgv.includes(`--conditions=${condition}`)) {
    modules.registerHooks({
      resolve: (specifier, context, next) =>
        next(specifier, { ...context, conditions: [...context.conditions, condition] }),
    })
  }
  if (process.env[launched] === '1' && process.channel !== undefined) {
    delete process.env[launched]
    // The launcher was killed: so is this. Nothing is lost; the store survives it at any moment.
    process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
    process.channel.unref()
  }
  await import(pathToFileURL(path).href)
}

/** The same file again, on the right Node. */
function runOn(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [launched]: '1' },
  })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const forward = (signal) => child.kill(signal)
  for (const signal of signals) process.on(signal, forward)
  child.on('error', (error) => fail(`cannot start \`${node}\`: ${error.message}`))
  child.on('exit', (code, signal) => {
    // Its own handlers would swallow the signal that is raised again here, and exit with 0.
    for (const each of signals) process.off(each, forward)
    if (signal === null) process.exitCode = code ?? 4
    else process.kill(process.pid, signal)
  })
}

const isRightNode = Number.parseInt(process.versions.node, 10) >= nodeMajor
const entry = entryOf()
const node = isRightNode ? process.execPath : findNode()
if (entry === undefined) {
  fail('neither src/main.ts nor dist/main.js is present: install the package again')
} else if (node === undefined) {
  fail(`needs Node ${nodeMajor}, this is ${process.versions.node}: install it and run again`)
} else if (isRightNode) {
  await runHere(entry)
} else {
  runOn(node)
}
