/** Collects the messages of all errors and warnings, to be read in a row. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { proseFiles } from './files'
import { NAME } from './passage'
import { textOf } from './typescript'

/** A text that an error or a warning shows, or a part of one. */
export interface Message {
  readonly file: string
  readonly line: number
  /** The class of the error, or the code of the warning. */
  readonly kind: string
  /** `whole` if the class makes the message of it; `part` for a text that is passed to the class, which adds the rest. */
  readonly form: 'whole' | 'part' | 'warning'
  /** The text, in which {@link NAME} stands for an inserted value. */
  readonly text: string
}

/** Folders whose errors and warnings users meet. */
const FOLDERS = ['src', 'components', 'blocks', 'cli', 'server', 'testing']
const WARNS = /^(?:emitWarning(?:Once)?|warn|warnProcess)$/

/** Returns the names of the classes below `ModularError`. */
function errorClasses(sources: readonly ts.SourceFile[]): Set<string> {
  const bases = new Map<string, string>()
  const visit = (node: ts.Node): void => {
    if (ts.isClassDeclaration(node) && node.name !== undefined) {
      const [base] = node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types ?? []
      if (base !== undefined && ts.isIdentifier(base.expression)) bases.set(node.name.text, base.expression.text)
    }
    ts.forEachChild(node, visit)
  }
  sources.forEach(visit)
  const isError = (name: string | undefined): boolean =>
    name !== undefined && (name === 'ModularError' || isError(bases.get(name)))
  return new Set([...bases.keys()].filter(isError))
}

/** Returns the texts that an expression may be: both of a choice, and what a `const` of the same file holds. */
function textsOf(node: ts.Expression, constants: ReadonlyMap<string, ts.Expression>): string[] {
  if (ts.isConditionalExpression(node)) {
    return [...textsOf(node.whenTrue, constants), ...textsOf(node.whenFalse, constants)]
  }
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression, constants)
  const constant = ts.isIdentifier(node) ? constants.get(node.text) : undefined
  if (constant !== undefined && constant !== node) return textsOf(constant, new Map())
  const text = textOf(node)
  return text === undefined ? [] : [text]
}

/** Returns all messages of the repository, sorted by their files. */
export function messagesOf(root: string): Message[] {
  const files = FOLDERS.flatMap(folder => proseFiles(root, folder)).filter(file => /\.ts$/.test(file))
  const sources = files.map(file =>
    ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2023, true),
  )
  const errors = errorClasses(sources)
  return sources.flatMap(source => {
    const messages: Message[] = []
    const constants = new Map<string, ts.Expression>()
    const add = (kind: string, form: Message['form'], node: ts.Expression | undefined): void => {
      if (node === undefined) return
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
      for (const text of textsOf(node, constants)) {
        if (/[a-z]{2}/i.test(text.replaceAll(NAME, '')))
          messages.push({ file: source.fileName, line, kind, form, text })
      }
    }
    const visit = (node: ts.Node, owner?: string): void => {
      if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined) {
        constants.set(node.name.text, node.initializer)
      }
      let inside = owner
      if (ts.isClassDeclaration(node)) inside = node.name?.text
      if (ts.isCallExpression(node)) {
        const { expression, arguments: given } = node
        if (expression.kind === ts.SyntaxKind.SuperKeyword && owner !== undefined && errors.has(owner)) {
          add(owner, 'whole', given[0])
        }
        const called = ts.isPropertyAccessExpression(expression) ? expression.name : expression
        if (ts.isIdentifier(called) && WARNS.test(called.text)) {
          add(given[0]?.getText(source).replaceAll("'", '') ?? '', 'warning', given[1])
        }
      }
      if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && errors.has(node.expression.text)) {
        for (const argument of node.arguments ?? []) {
          const texts = textsOf(argument, constants)
          // One word is a name; a text has several.
          if (texts.some(text => text.trim().includes(' '))) add(node.expression.text, 'part', argument)
        }
      }
      ts.forEachChild(node, child => visit(child, inside))
    }
    visit(source)
    return messages
  })
}
