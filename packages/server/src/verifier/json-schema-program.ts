/**
 * The program of the thread that examines bodies; as text it runs from sources and build alike.
 *
 * Attacker-controlled: schemas and bodies. Whatever they do to it ends with the thread.
 *
 * @module
 */

export const PROGRAM = `'use strict'
const { parentPort, workerData } = require('node:worker_threads')
const { Ajv2020 } = require(workerData.ajv)

const OPTIONS = { strict: false, logger: false, validateFormats: false, ownProperties: true }
const KEPT_MAX = 32
const KEPT_CHARS_MAX = 262144
const WHY_CHARS_MAX = 200

const kept = new Map()
let keptChars = 0

function isAsync(value) {
  if (typeof value !== 'object' || value === null) return false
  return Object.hasOwn(value, '$async') || Object.values(value).some(isAsync)
}

function compile(text) {
  try {
    const schema = JSON.parse(text)
    if (isAsync(schema)) return { why: '\`$async\` is not supported' }
    // Its own instance each: two schemas may carry one $id.
    return { check: new Ajv2020(OPTIONS).compile(schema) }
  } catch (fault) {
    const message = fault instanceof Error ? fault.message : String(fault)
    return { why: message.replace(/\\s+/g, ' ').slice(0, WHY_CHARS_MAX) }
  }
}

function compiled(text) {
  const known = kept.get(text)
  if (known !== undefined) return known
  const made = compile(text)
  if (kept.size >= KEPT_MAX || keptChars + text.length > KEPT_CHARS_MAX) {
    kept.clear()
    keptChars = 0
  }
  kept.set(text, made)
  keptChars += text.length
  return made
}

function holds(check, body) {
  try {
    const result = check(body)
    return result === true || result === false ? result : null
  } catch {
    return null
  }
}

parentPort.on('message', (question) => {
  const { why, check } = compiled(question.schema)
  if (check === undefined) parentPort.postMessage({ why, holds: null })
  else if ('body' in question) parentPort.postMessage({ holds: holds(check, question.body) })
  else parentPort.postMessage({})
})

// Compiled once before the first deadline runs: the first time takes many times as long.
compile('{"type":"object"}')
parentPort.postMessage({})
`
