/** Finds the prose of TypeScript and JavaScript: comments, messages, help texts and names of tests. */
import ts from 'typescript'
import { markdownPassages } from './markdown'
import { NAME, type Passage } from './passage'

/** A comment's text without its marks; empty lines keep the count of lines. */
interface Comment {
  readonly line: number
  readonly text: string
}

/** Returns the passages of a source file. Of a test, strings are left out that name no test: they are data. */
export function typescriptPassages(file: string, text: string): Passage[] {
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true, kind)
  return [...commentsOf(source).flatMap(comment => commentPassages(file, comment)), ...stringPassages(file, source)]
}

function commentsOf(source: ts.SourceFile): Comment[] {
  const { text } = source
  const ranges = new Map<number, ts.CommentRange>()
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.JsxText) return
    if (node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode) return
    const found = [ts.getLeadingCommentRanges(text, node.pos), ts.getTrailingCommentRanges(text, node.end)]
    for (const range of found.flatMap(list => list ?? [])) ranges.set(range.pos, range)
    for (const child of node.getChildren(source)) visit(child)
  }
  visit(source)
  const comments: Comment[] = []
  let last: { readonly line: number; readonly column: number } | undefined
  for (const { pos, end, kind } of [...ranges.values()].sort((a, b) => a.pos - b.pos)) {
    const { line, character: column } = source.getLineAndCharacterOfPosition(pos)
    const raw = text.slice(pos, end)
    if (raw.startsWith('#!') || raw.startsWith('///')) continue
    if (kind === ts.SyntaxKind.MultiLineCommentTrivia) {
      comments.push({
        line: line + 1,
        text: raw
          .replace(/^\/\*\*?/, '')
          .replace(/\*\/$/, '')
          .replace(/^[ \t]*\* ?/gm, ''),
      })
      last = undefined
      continue
    }
    const words = raw.replace(/^\/\/ ?/, '')
    const above = comments.at(-1)
    if (above !== undefined && last?.line === line - 1 && last.column === column) {
      comments[comments.length - 1] = { line: above.line, text: `${above.text}\n${words}` }
    } else comments.push({ line: line + 1, text: words })
    last = { line, column }
  }
  return comments
}

/** Tags whose text is a name, a type or code. */
const CODE_TAGS = new Set(['example', 'see', 'typedef', 'import', 'type'])

function commentPassages(file: string, { line, text }: Comment): Passage[] {
  if (/^\s*(biome-ignore|@ts-|eslint-)/.test(text)) return []
  const marked = text
    .replace(/\{@(?:link|linkcode|inheritDoc)\s+([^}]*)\}/g, '`$1`')
    // A tag begins a passage of its own, also in the middle of a line; `\v` keeps the count of lines.
    .replace(
      /(^|[ \t])@(?=(?:param|returns?|throws|example|template|typeParam|see|default|remarks|deprecated)\b)/gm,
      '$1\v@',
    )
  const passages: Passage[] = []
  let at = line
  for (const part of marked.split('\v')) {
    const [, tag = '', rest = part] = /^@(\w+)\s*(.*)$/s.exec(part) ?? []
    if (!CODE_TAGS.has(tag)) {
      const words = tag === 'param' ? rest.replace(/^[\w.[\]$]+(?:\s+-)?\s*/, '') : rest
      // A list of errors, of which each has its own reason.
      const items = tag === 'throws' ? words.split(';') : [words]
      for (const item of items) passages.push(...markdownPassages(file, item, at, false))
    }
    at += part.split('\n').length - 1
  }
  return passages
}

/** Functions whose first argument names a test or a group of tests. */
const TEST = /^(?:test|it|describe|each)$/

function nameOfCalled(node: ts.Expression): string {
  if (ts.isIdentifier(node)) return node.text
  if (ts.isPropertyAccessExpression(node))
    return TEST.test(node.name.text) ? node.name.text : nameOfCalled(node.expression)
  if (ts.isCallExpression(node) || ts.isTaggedTemplateExpression(node)) {
    return nameOfCalled(ts.isCallExpression(node) ? node.expression : node.tag)
  }
  return ''
}

/** Returns the text of a string, a template or a sum of them, in which inserted values are names; undefined for others. */
export function textOf(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => NAME + literal.text).join('')
  }
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression)
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textOf(node.left), textOf(node.right)]
    return left === undefined && right === undefined ? undefined : `${left ?? NAME}${right ?? NAME}`
  }
  return undefined
}

/** Whether a string is written for people: four words in a row, and nothing that only code has. */
function isProse(text: string): boolean {
  return (
    /(?:^|\s)[A-Za-z'’-]+(?:,? [A-Za-z'’-]+){3}/.test(text) && !/[{};]\n|=>|<\/|\n\s*(?:def|import|from) /.test(text)
  )
}

function stringPassages(file: string, source: ts.SourceFile): Passage[] {
  const passages: Passage[] = []
  const isTest = /(?:^|\/)__tests__\/|\.test\.tsx?$/.test(file)
  const add = (node: ts.Node, kind: Passage['kind'], text: string): void => {
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
    const plain = text.replace(/`[^`]*`/g, NAME)
    for (const part of plain.split(/\n+/)) {
      if (part.trim() !== '') passages.push({ file, line, kind, text: part, source: text.replace(/\s+/g, ' ') })
    }
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return
    if (
      isTest &&
      ts.isCallExpression(node) &&
      node.arguments[0] !== undefined &&
      TEST.test(nameOfCalled(node.expression))
    ) {
      const name = textOf(node.arguments[0])
      if (name !== undefined) add(node.arguments[0], 'test name', name)
    }
    const text = isTest ? undefined : ts.isExpression(node) ? textOf(node) : undefined
    if (text === undefined) {
      ts.forEachChild(node, visit)
      return
    }
    if (isProse(text)) add(node, 'string', text)
    // Values inside of a template may hold strings, too.
    const inside = (part: ts.Node): void => {
      if (ts.isTemplateExpression(part)) for (const { expression } of part.templateSpans) visit(expression)
      else if (ts.isBinaryExpression(part) || ts.isParenthesizedExpression(part)) ts.forEachChild(part, inside)
      else if (!ts.isStringLiteralLike(part) && ts.isExpression(part)) visit(part)
    }
    inside(node)
  }
  visit(source)
  return passages
}
