/**
 * Views for people: short lists of names and values, and tables. Colour only on a terminal.
 *
 * @module
 */
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Coloured where standard output is a terminal and NO_COLOR is not set. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout, validateStream: true })
}

/** Names and values, one a line, values aligned. Values that are not there are left out. */
export function fields(
  entries: readonly (readonly [string, string | number | null | undefined])[],
): readonly string[] {
  const there = entries.filter(([, value]) => value !== undefined && value !== null && value !== '')
  const width = Math.max(0, ...there.map(([name]) => name.length))
  return there.map(([name, value]) => `${name.padEnd(width)}  ${plain(String(value))}`)
}

/** A table with a header; an empty one says so. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  whenEmpty: string,
): readonly string[] {
  if (rows.length === 0) return [whenEmpty]
  const clean = rows.map((row) => row.map(plain))
  const widths = header.map((name, i) =>
    Math.max(name.length, ...clean.map((row) => (row[i] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return [styled('dim', line(header.map((name) => name.toUpperCase()))), ...clean.map(line)]
}

/** Attacker-controlled: names come from other people; no control character reaches the terminal. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD')
}

/** Breaks a text between words, for a terminal of that width. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return line === '' ? lines : [...lines, line]
}
