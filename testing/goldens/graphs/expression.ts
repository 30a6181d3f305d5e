/** The little language in which the goldens write the bodies of their blocks. */
import { UnsupportedGoldenError } from '../golden-case'

/** Looks up names: block state and iteration variables, and `components.NAME.value`. */
export interface Scope {
  name(name: string): unknown
  component(name: string): unknown
  /** A name of ours as the case spells it, and back. */
  wireName(name: string): string
  ourName(name: string): string
}

type Expression = (scope: Scope) => unknown

type Operator = (a: never, b: never) => unknown

// Loosest first. Each level binds tighter than the one before.
const levels: readonly Readonly<Record<string, Operator>>[] = [
  { or: (a: unknown, b: unknown) => (truthy(a) ? a : b) },
  { and: (a: unknown, b: unknown) => (truthy(a) ? b : a) },
  {
    '==': (a: unknown, b: unknown) => a === b,
    '!=': (a: unknown, b: unknown) => a !== b,
    '<=': (a: number, b: number) => a <= b,
    '>=': (a: number, b: number) => a >= b,
    '<': (a: number, b: number) => a < b,
    '>': (a: number, b: number) => a > b,
  },
  { '+': (a: number, b: number) => a + b, '-': (a: number, b: number) => a - b },
  { '*': (a: number, b: number) => a * b, '/': (a: number, b: number) => a / b },
]

type Group = Readonly<Record<string, unknown>>

const functions: Readonly<Record<string, (scope: Scope, ...args: never[]) => unknown>> = {
  min: (_scope, ...values: number[]) => Math.min(...values),
  max: (_scope, ...values: number[]) => Math.max(...values),
  is_none: (_scope, value: unknown) => value === undefined || value === null,
  sum_values: (_scope, group: Group) => Object.values(group).reduce<number>((sum, value) => sum + (value as number), 0),
  keys: (scope, group: Group) =>
    Object.keys(group)
      .map(name => scope.wireName(name))
      .sort(),
  get: (scope, group: Group, key: string, fallback: unknown) => group[scope.ourName(key)] ?? fallback,
  append: (_scope, list: readonly unknown[] | undefined, value: unknown) => [...(list ?? []), value],
}

function truthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}

const TOKEN = /\s*(?:(\d+\.?\d*(?:e[+-]?\d+)?)|('[^']*'|"[^"]*")|([A-Za-z_]\w*(?:\.\w+)*)|(==|!=|<=|>=|[-+*/<>(),]))/gy

function tokenize(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const start = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) throw new UnsupportedGoldenError(`expression "${text}", at "${text.slice(start)}"`)
    tokens.push(match[0].trim())
  }
  return tokens
}

class Parser {
  private position = 0

  constructor(
    private readonly text: string,
    private readonly tokens: readonly string[],
  ) {}

  parse(): Expression {
    const expression = this.binary(0)
    if (this.position < this.tokens.length) this.fail()
    return expression
  }

  private binary(level: number): Expression {
    const operators = levels[level]
    if (operators === undefined) return this.unary()
    let left = this.binary(level + 1)
    while (Object.hasOwn(operators, this.peek())) {
      const operator = operators[this.next()] as (a: unknown, b: unknown) => unknown
      const [a, b] = [left, this.binary(level + 1)]
      left = scope => operator(a(scope), b(scope))
    }
    return left
  }

  private unary(): Expression {
    if (this.accept('-')) {
      const operand = this.unary()
      return scope => -(operand(scope) as number)
    }
    if (this.accept('not')) {
      const operand = this.unary()
      return scope => !truthy(operand(scope))
    }
    return this.primary()
  }

  private primary(): Expression {
    if (this.accept('(')) {
      const inner = this.binary(0)
      this.expect(')')
      return inner
    }
    const token = this.next()
    if (/^\d/.test(token)) return () => Number(token)
    if (/^['"]/.test(token)) return () => token.slice(1, -1)
    if (!/^[A-Za-z_]/.test(token)) this.fail()
    if (this.accept('(')) return this.callOf(token)
    const component = /^components\.(\w+)\.value$/.exec(token)?.[1]
    return component === undefined ? scope => scope.name(token) : scope => scope.component(component)
  }

  private callOf(name: string): Expression {
    const apply = functions[name]
    if (apply === undefined) throw new UnsupportedGoldenError(`function "${name}" in "${this.text}"`)
    const args: Expression[] = []
    while (!this.accept(')')) {
      if (args.length > 0) this.expect(',')
      args.push(this.binary(0))
    }
    return scope => apply(scope, ...(args.map(arg => arg(scope)) as never[]))
  }

  private peek(): string {
    return this.tokens[this.position] ?? ''
  }

  private next(): string {
    return this.tokens[this.position++] ?? this.fail()
  }

  private accept(token: string): boolean {
    if (this.peek() !== token) return false
    this.position++
    return true
  }

  private expect(token: string): void {
    if (!this.accept(token)) this.fail()
  }

  private fail(): never {
    throw new UnsupportedGoldenError(`expression "${this.text}", at "${this.peek()}"`)
  }
}

/** Prepares an expression. */
export function parseExpression(text: string): Expression {
  return new Parser(text, tokenize(text)).parse()
}
