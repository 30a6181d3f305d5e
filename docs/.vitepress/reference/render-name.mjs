/** The page of one public name. */
import { ReflectionKind, ReflectionType } from 'typedoc'
import { commentRenderer, tagsOf } from './comments.mjs'
import { headCode, signatureCode, typeCode, typeParametersCode } from './declaration.mjs'
import { escapeText, inlineCode, link, table } from './markdown.mjs'
import { commentOf, ownMembers } from './members.mjs'

const KINDS = new Map([
  [ReflectionKind.Class, 'Class'],
  [ReflectionKind.Interface, 'Interface'],
  [ReflectionKind.TypeAlias, 'Type'],
  [ReflectionKind.Function, 'Function'],
  [ReflectionKind.Variable, 'Constant'],
  [ReflectionKind.Namespace, 'Namespace'],
])

/** Longer types of table cells are cut: the declaration is in the editor. */
const LONGEST_TYPE = 240

/**
 * Returns the page of a public name as Markdown.
 * @param entry - the name, as `publicNames()` gives it
 * @param context - `pathOf`, `pathOfName`, `uses` (links to examples), `related` (names by heading), `blockTable`, `isError`
 */
export function renderName(entry, context) {
  const { name, reflection, path } = entry
  const { uses, related, blockTable } = context
  const comments = commentRenderer(path, context.pathOf, context.pathOfName)
  const isValue = !reflection.kindOf([ReflectionKind.Interface, ReflectionKind.TypeAlias])
  const parts = [
    `---\ntitle: ${JSON.stringify(name)}\neditLink: false\n---`,
    `# ${name}`,
    `${KINDS.get(reflection.kind) ?? 'Name'} of [${entry.topic.title}](./index.md): \`import { ${isValue ? '' : 'type '}${name} } from '${entry.entry}'\``,
    comments.text(summaryOf(reflection)),
    declarationOf(reflection),
    ...bodyOf(reflection, comments, context),
    ...(blockTable ? blockSections(blockTable, path, context) : []),
    ...usedSection(uses, related, path, context),
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

function summaryOf(reflection) {
  return commentOf(reflection)?.summary
}

/** The declaration as code. */
function declarationOf(reflection) {
  const { kind, name, type, typeParameters } = reflection
  if (kind === ReflectionKind.Function)
    return code(reflection.signatures.map(each => signatureCode(each, 'function ')).join('\n'))
  if (kind === ReflectionKind.Class || kind === ReflectionKind.Interface) return code(headCode(reflection))
  if (kind === ReflectionKind.TypeAlias) {
    if (isObject(type)) return ''
    return code(`type ${name}${typeParametersCode(typeParameters)} = ${typeCode(type)}`)
  }
  if (kind === ReflectionKind.Variable && type !== undefined && !isObject(type))
    return code(`const ${name}: ${typeCode(type)}`)
  return ''
}

function isObject(type) {
  return type instanceof ReflectionType && (type.declaration.children?.length ?? 0) > 0
}

function code(text) {
  return `\`\`\`ts\n${text}\n\`\`\``
}

/** Parameters, members, what is returned and thrown. */
function bodyOf(reflection, comments, context) {
  const { kind, type } = reflection
  if (kind === ReflectionKind.Function) return reflection.signatures.flatMap(each => signatureDetails(each, comments))
  if (isObject(type)) return [memberTable(type.declaration.children, comments)]
  if (kind !== ReflectionKind.Class && kind !== ReflectionKind.Interface) return []
  const members = ownMembers(reflection, { isBlock: context.blockTable !== undefined, isError: context.isError })
  const methods = members.filter(({ kind: each }) => each === ReflectionKind.Method)
  const constructors = members.filter(({ kind: each }) => each === ReflectionKind.Constructor)
  const rest = members.filter(each => !methods.includes(each) && !constructors.includes(each))
  const details = (each, before) => each.signatures.flatMap(signature => methodPart(signature, before, comments))
  return [
    ...(constructors.length > 0 ? ['## Constructor', ...constructors.flatMap(each => details(each, ''))] : []),
    ...(rest.length > 0 ? ['## Properties', memberTable(rest, comments)] : []),
    ...(methods.length > 0
      ? [
          '## Methods',
          ...methods.flatMap(each => [`### ${headingOf(reflection, each)}`, ...details(each, prefixOf(each))]),
        ]
      : []),
  ]
}

/** The heading of a method. Names of symbols are code, as Markdown would read them as links. */
function headingOf(reflection, { name, flags }) {
  if (name.startsWith('[')) return inlineCode(`${name}()`)
  return `${flags.isStatic ? `${reflection.name}.` : ''}${name}()`
}

function prefixOf({ flags }) {
  return [flags.isStatic && 'static ', flags.isProtected && 'protected ', flags.isAbstract && 'abstract ']
    .filter(Boolean)
    .join('')
}

function methodPart(signature, before, comments) {
  return [
    code(signatureCode(signature, before)),
    comments.text(signature.comment?.summary),
    ...signatureDetails(signature, comments),
  ]
}

/** Parameters, the result and errors of a signature. */
function signatureDetails(signature, comments) {
  const parameters = (signature.parameters ?? []).flatMap(parameter => {
    const { name, type, comment, defaultValue } = parameter
    const shown = name === '__namedParameters' ? 'options' : name
    const rows = isObject(type) ? type.declaration.children.map(child => memberRow(child, comments, `${shown}.`)) : []
    const text = comments.text(comment?.summary)
    if (text === '' && rows.length > 0) return rows
    const fallback =
      defaultValue !== undefined && defaultValue !== '{}' && defaultValue !== '...' ? inlineCode(defaultValue) : ''
    return text === '' && fallback === '' ? rows : [[inlineCode(shown), '', text, fallback], ...rows]
  })
  const returns = tagsOf(signature.comment, '@returns')
    .map(({ content }) => comments.text(content))
    .join(' ')
  const throws = tagsOf(signature.comment, '@throws')
    .map(({ content }) => comments.withNames(content))
    .join('; ')
  const examples = tagsOf(signature.comment, '@example').map(({ content }) => comments.text(content))
  return [
    table(['parameter', 'type', 'meaning', 'default'], parameters),
    returns && `**Returns** ${returns}`,
    throws && `**Throws** ${throws}`,
    ...examples,
  ].filter(Boolean)
}

function memberTable(members, comments) {
  return table(
    ['name', 'type', 'meaning'],
    members.map(each => memberRow(each, comments, '').slice(0, 3)),
  )
}

function memberRow(member, comments, before) {
  const { name, flags } = member
  const type = memberType(member)
  const shown = type.length > LONGEST_TYPE ? `${type.slice(0, LONGEST_TYPE)}…` : type
  const label = `${flags.isStatic ? 'static ' : ''}${before}${name}${flags.isOptional ? '?' : ''}`
  return [inlineCode(label), inlineCode(shown), comments.text(commentOf(member)?.summary), '']
}

function memberType({ type, getSignature, signatures }) {
  if (getSignature) return typeCode(getSignature.type)
  if (signatures) return signatures.map(each => signatureCode(each)).join('; ')
  return typeCode(type)
}

/** What a block takes and writes, as it says itself. */
function blockSections({ inputs, outputs, components, configs, parts }, path, { pathOfName }) {
  const linked = name => {
    const to = name && pathOfName(name)
    return to ? link(inlineCode(name), path, to) : name ? inlineCode(name) : ''
  }
  const value = each =>
    each.required
      ? 'required'
      : each.default === undefined || each.default === null
        ? ''
        : inlineCode(JSON.stringify(each.default))
  const section = (title, content) => (content === '' ? [] : [`## ${title}`, content])
  return [
    ...section(
      'Inputs',
      table(
        ['name', 'type', 'meaning', 'default'],
        inputs.map(each => [
          inlineCode(each.name ?? `all of ${each.kwargsType}`),
          each.type ? inlineCode(each.type) : '',
          escapeText(each.description ?? ''),
          value(each),
        ]),
      ),
    ),
    ...section(
      'Outputs',
      table(
        ['name', 'type', 'meaning'],
        outputs.map(each => [
          inlineCode(each.name),
          each.type ? inlineCode(each.type) : '',
          escapeText(each.description ?? ''),
        ]),
      ),
    ),
    ...section(
      'Components',
      table(
        ['name', 'class', 'meaning'],
        components.map(each => [inlineCode(each.name), linked(each.type), escapeText(each.description ?? '')]),
      ),
    ),
    ...section(
      'Settings',
      table(
        ['name', 'default', 'meaning'],
        configs.map(each => [
          inlineCode(each.name),
          inlineCode(JSON.stringify(each.default)),
          escapeText(each.description ?? ''),
        ]),
      ),
    ),
    ...section(
      'Parts',
      table(
        ['name', 'block', 'meaning'],
        parts.map(({ name, block }) => [inlineCode(name), linked(block.class), escapeText(block.description ?? '')]),
      ),
    ),
  ]
}

/** Where examples are, and the names that belong to this one. */
function usedSection(uses, related, path, { pathOfName }) {
  const names = each => each.map(name => link(inlineCode(name), path, pathOfName(name))).join(', ')
  const lines = [
    ...(uses.length > 0
      ? [`**Used in** ${uses.map(({ title, path: to }) => link(escapeText(title), path, to)).join(' · ')}`]
      : []),
    ...Object.entries(related).flatMap(([title, each]) => (each.length > 0 ? [`**${title}** ${names(each)}`] : [])),
  ]
  return lines.length === 0 ? [] : ['## See also', ...lines]
}
