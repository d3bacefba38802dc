/**
 * Reads PromQL as far as our rules and panels use it: a slip is seen before Prometheus sees it.
 *
 * @module
 */

/** A metric that an expression selects, and the labels it names. */
export interface Selected {
  readonly metric: string
  readonly labels: readonly string[]
}

const FUNCTIONS = ['rate', 'increase', 'histogram_quantile', 'absent']
const AGGREGATIONS = ['sum', 'max', 'min', 'topk', 'avg', 'count']
const TOKEN =
  /\s*(?:([a-zA-Z_:][a-zA-Z0-9_:]*)|(\d+(?:\.\d+)?)|("(?:[^"\\]|\\.)*")|(\[\d+[smhd]\])|(==|!=|>=|<=|=~|!~|[-+*/><=(){},]))/y

/** What an expression selects. Throws where it is not one. */
export function selectedBy(expression: string): readonly Selected[] {
  const reader = new Reader(tokensOf(expression))
  reader.expression()
  reader.end()
  return reader.selected
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) throw new SyntaxError(`\`${text.slice(at, at + 20)}\` is no PromQL`)
    tokens.push(match[0].trim())
  }
  return tokens
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const BINARY = ['+', '-', '*', '/', '>', '<', '>=', '<=', '==', '!=', 'and', 'or', 'unless']

class Reader {
  readonly selected: { metric: string; labels: string[] }[] = []
  readonly #tokens: readonly string[]
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  expression(): void {
    this.#operand()
    while (BINARY.includes(this.#next ?? '')) {
      this.#at += 1
      this.#operand()
    }
  }

  end(): void {
    if (this.#next !== undefined) throw new SyntaxError(`\`${this.#next}\` is left over`)
  }

  /** Read anew each time: what is next changes under the compiler's eyes. */
  get #next(): string | undefined {
    return this.#tokens[this.#at]
  }

  #is(token: string): boolean {
    return this.#next === token
  }

  #take(wanted: string): void {
    if (this.#next !== wanted)
      throw new SyntaxError(`\`${String(this.#next)}\` is not \`${wanted}\``)
    this.#at += 1
  }

  #operand(): void {
    const token = this.#next ?? ''
    if (/^\d/.test(token)) this.#at += 1
    else if (token === '(') this.#inBrackets()
    else if (AGGREGATIONS.includes(token)) this.#aggregation()
    else if (FUNCTIONS.includes(token)) {
      this.#at += 1
      this.#inBrackets()
    } else this.#selector()
  }

  #inBrackets(): void {
    this.#take('(')
    this.expression()
    while (this.#next === ',') {
      this.#at += 1
      this.expression()
    }
    this.#take(')')
  }

  #aggregation(): void {
    this.#at += 1
    const labels = this.#next === 'by' ? this.#grouping() : []
    const from = this.selected.length
    this.#inBrackets()
    const trailing = this.#next === 'by' ? this.#grouping() : []
    for (const { labels: known } of this.selected.slice(from)) known.push(...labels, ...trailing)
  }

  #grouping(): readonly string[] {
    this.#take('by')
    this.#take('(')
    const labels: string[] = []
    while (this.#next !== ')') {
      labels.push(this.#name())
      if (this.#next === ',') this.#at += 1
    }
    this.#take(')')
    return labels
  }

  #name(): string {
    const token = this.#next ?? ''
    if (!NAME.test(token)) throw new SyntaxError(`\`${token}\` is no name`)
    this.#at += 1
    return token
  }

  #selector(): void {
    const selected = { metric: this.#name(), labels: [] as string[] }
    if (this.#is('{')) {
      this.#at += 1
      while (!this.#is('}')) {
        selected.labels.push(this.#name())
        if (!['=', '!=', '=~', '!~'].includes(this.#next ?? '')) throw new SyntaxError('no match')
        this.#at += 1
        if (!this.#next?.startsWith('"')) throw new SyntaxError('a label is compared with text')
        this.#at += 1
        if (this.#is(',')) this.#at += 1
      }
      this.#take('}')
    }
    if (this.#next?.startsWith('[')) this.#at += 1
    this.selected.push(selected)
  }
}
