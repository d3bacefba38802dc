/**
 * A tracked text file and two views of it: its code without comments and string contents, and its
 * comments alone. Both views have the offsets and lines of the original.
 *
 * @module
 */

export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly code: string
  readonly comments: string
}

export interface Finding {
  readonly rule: string
  readonly path: string
  readonly line: number
  readonly message: string
  /** What the ratchet compares; one, where the rule measures nothing. */
  readonly size: number
}

export const isCode = (path: string): boolean => /\.(ts|tsx|js|mjs)$/.test(path)
export const isTest = (path: string): boolean =>
  path.endsWith('.test.ts') || path.startsWith('tests/')
export const isGenerated = (path: string): boolean => /\.gen\.\w+$/.test(path)

export function sourceFile(path: string, text: string): SourceFile {
  if (!isCode(path)) return { path, text, code: '', comments: '' }
  return { path, text, ...views(text) }
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

export function finding(
  rule: string,
  at: { readonly path: string; readonly line: number },
  message: string,
  size = 1,
): Finding {
  return { rule, path: at.path, line: at.line, message, size }
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

/** Pieces in the order they are tried: comments, strings, a template's stretch, a regex literal. */
const lineComment = /\/\/[^\n]*/y
const blockComment = /\/\*[\s\S]*?(?:\*\/|$)/y
const quoted = /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y
const templateStretch = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y
const regexLiteral = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
const beforeRegex = /(?:^|[(,=:[!&|?{};>+]|\b(?:return|case|typeof))\s*$/

const braceSteps: Readonly<Record<string, number>> = { '{': 1, '}': -1 }

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

function views(text: string): { readonly code: string; readonly comments: string } {
  let code = ''
  let comments = ''
  /** For each template that is open: how many braces its present `${` has inside it. */
  const templates: number[] = []
  const keepCode = (piece: string): void => {
    code += piece
    comments += blank(piece)
  }
  const template = (): void => {
    const inside = match(templateStretch, text, code.length) ?? ''
    keepCode(blank(inside))
    if (text.startsWith('${', code.length)) {
      templates.push(0)
      keepCode('${')
    } else {
      keepCode(text.slice(code.length, code.length + 1))
    }
  }
  while (code.length < text.length) {
    const at = code.length
    const comment = match(lineComment, text, at) ?? match(blockComment, text, at)
    const string = match(quoted, text, at)
    const next = text.charAt(at)
    const inner = templates.at(-1)
    if (comment !== undefined) {
      code += blank(comment)
      comments += comment
    } else if (string !== undefined) {
      keepCode(`${next}${blank(string.slice(1, -1))}${next}`)
    } else if (next === '`') {
      keepCode(next)
      template()
    } else if (next === '}' && inner === 0) {
      templates.pop()
      keepCode(next)
      template()
    } else if (next === '/' && beforeRegex.test(code.slice(-40))) {
      const literal = match(regexLiteral, text, at) ?? next
      keepCode(literal.length < 2 ? next : `/${blank(literal.slice(1, -1))}/`)
    } else {
      if (inner !== undefined) templates.splice(-1, 1, inner + (braceSteps[next] ?? 0))
      keepCode(next)
    }
  }
  return { code, comments }
}
