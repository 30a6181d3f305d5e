/** Finds where the docs and samples use public names: in code, by the compiler's syntax tree. */
import ts from 'typescript'

const CODE = /^```(?:ts|typescript)\n(.*?)^```/gms

/**
 * Returns the public names that a page's code uses, each with the heading above the first use: name → heading.
 * @param text - Markdown
 * @param published - a set of the names of the package
 */
export function usesInPage(text, published) {
  const uses = new Map()
  for (const match of text.matchAll(CODE)) {
    const heading =
      text
        .slice(0, match.index)
        .match(/^#{1,4} .*$/gm)
        ?.at(-1) ?? ''
    for (const name of usesInCode(match[1], published)) if (!uses.has(name)) uses.set(name, heading.replace(/^#+ /, ''))
  }
  return uses
}

/**
 * Returns the public names that code uses: those that it imports from the package, and those that it uses without declaring or importing them.
 * Names of properties do not count, nor do names in texts and comments.
 */
export function usesInCode(code, published) {
  const file = ts.createSourceFile('code.ts', code, ts.ScriptTarget.ES2023, true)
  const own = new Set()
  const used = new Set()
  const visit = node => {
    if (ts.isImportDeclaration(node)) {
      const from = node.moduleSpecifier.text
      const isOurs = /^tesserae(\/|$)/.test(from) || from.startsWith('..')
      const names = node.importClause?.namedBindings
      if (names && ts.isNamedImports(names)) {
        for (const { name, propertyName } of names.elements) {
          if (isOurs) used.add((propertyName ?? name).text)
          else own.add(name.text)
        }
      }
      return
    }
    if (ts.isIdentifier(node)) {
      if (isDeclared(node)) own.add(node.text)
      else if (!isMember(node)) used.add(node.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return [...used].filter(name => published.has(name) && !own.has(name))
}

/** Whether the identifier declares what it names. */
function isDeclared(node) {
  const { parent } = node
  const declares =
    ts.isVariableDeclaration(parent) ||
    ts.isClassDeclaration(parent) ||
    ts.isFunctionDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isBindingElement(parent) ||
    ts.isInterfaceDeclaration(parent) ||
    ts.isTypeAliasDeclaration(parent)
  return declares && parent.name === node
}

/** Whether the identifier names a member of something: `a.name`, `{ name: 1 }`, a method. */
function isMember(node) {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent)) return (parent.name ?? parent.right) === node
  const names =
    ts.isPropertyAssignment(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isGetAccessorDeclaration(parent) ||
    ts.isBindingElement(parent)
  return names && (parent.name === node || parent.propertyName === node)
}
