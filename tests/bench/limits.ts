/**
 * What the machine itself can do: the disk, one signature, an HTTP server that only echoes.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closedLoop, round, Wire } from './wire.ts'

export interface Limit {
  readonly name: string
  readonly perSecond: number
  readonly cpuUsPerOp?: number
}

function rate(name: string, seconds: number, operation: () => void): Limit {
  const cpu = process.cpuUsage()
  const started = performance.now()
  let count = 0
  while (performance.now() - started < seconds * 1_000) {
    operation()
    count += 1
  }
  const elapsed = (performance.now() - started) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return {
    name,
    perSecond: Math.round(count / elapsed),
    cpuUsPerOp: round((user + system) / count),
  }
}

export function diskLimit(): Limit {
  const directory = mkdtempSync(join(tmpdir(), 'surety-bench-'))
  const file = openSync(join(directory, 'file'), 'w')
  const block = Buffer.alloc(4_096, 1)
  try {
    return rate('fdatasync after 4 KiB append', 1, () => {
      writeSync(file, block)
      fdatasyncSync(file)
    })
  } finally {
    closeSync(file)
    rmSync(directory, { recursive: true })
  }
}

export function signatureLimits(): readonly Limit[] {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const message = Buffer.alloc(1_024, 7)
  const signature = sign(null, message, privateKey)
  return [
    rate('Ed25519 signatures, 1 KiB, one core', 0.5, () => sign(null, message, privateKey)),
    rate('Ed25519 verifications, 1 KiB, one core', 0.5, () =>
      verify(null, message, publicKey, signature),
    ),
  ]
}

const ECHO = `
import Fastify from 'fastify'
const fastify = Fastify()
fastify.post('/', (request, reply) => reply.send(request.body))
await fastify.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(String(fastify.server.address().port))
`

/** A bare Fastify that parses and returns 1 KiB of JSON, under the same load generator. */
export async function echoLimit(): Promise<Limit> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', ECHO], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const port = await firstOutput(child)
    const url = `http://127.0.0.1:${port}`
    const wires = await Promise.all(Array.from({ length: 64 }, () => Wire.open(url, 'none')))
    const body = JSON.stringify({ text: 'x'.repeat(1_000) })
    const job = async (wire: Wire) => (await wire.send('POST', '/', body)).ms
    await closedLoop(wires, 5_000, job)
    const { opsPerSecond } = await closedLoop(wires, 20_000, job)
    for (const wire of wires) wire.close()
    return { name: 'bare HTTP echo, 1 KiB, 64 clients', perSecond: opsPerSecond }
  } finally {
    child.kill('SIGKILL')
  }
}

function firstOutput(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    child.once('exit', (code) => reject(new Error(`the echo server ended with ${String(code)}`)))
  })
}
