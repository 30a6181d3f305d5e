/** What makes the build of the docs fail: names without a comment or an example, and functions whose comment does not begin with what they do. */
import { ReflectionKind } from 'typedoc'
import { isDocumented, tagsOf } from './comments.mjs'
import { commentOf, ownMembers } from './members.mjs'
import { OWNERS } from './owners.mjs'

/** Names that Node or JavaScript calls, and that say all. */
const SELF_EVIDENT = ['toString', 'dispose', 'clone', 'constructor', 'toJSON']

/** Types whose members are those of a format that others define, and that their comment names. */
const FORMATS_OF_OTHERS = [
  'JsonSchema',
  'MellonConfigObject',
  'MellonNode',
  'MellonParam',
  'MellonParamOptions',
  'NumberFieldOptions',
]

/** Whether a member says all by itself: what tells the members of a union apart, symbols, and layers, which have the names of a checkpoint's keys. */
function isSelfEvident({ name, type }, isModule) {
  return SELF_EVIDENT.includes(name) || name.startsWith('[') || type?.type === 'literal' || isModule
}

/** Returns a line for each public name, or member of one, that nothing describes. */
export function checkComments(names, { tables, relations }) {
  return names.flatMap(({ name, reflection, entry }) => {
    const own = isDocumented(commentOf(reflection)) ? [] : [`${entry}: ${name} has no comment`]
    const table = tables.get(name)
    const described = new Set(
      table &&
        [
          ...table.inputs,
          ...table.outputs,
          ...table.intermediateOutputs,
          ...table.components,
          ...table.configs,
          ...table.parts,
        ].map(each => each.name),
    )
    const members = reflection.kindOf([ReflectionKind.Class, ReflectionKind.Interface])
      ? ownMembers(reflection, { isBlock: table !== undefined, isError: relations.isError(name) })
      : (reflection.type?.declaration?.children ?? [])
    const isModule = relations.isModule(name)
    const missing = FORMATS_OF_OTHERS.includes(name)
      ? []
      : members.filter(
          member =>
            !described.has(member.name) &&
            !isDocumented(commentOf(member)) &&
            !isSelfEvident(member, isModule && member.kindOf(ReflectionKind.Property)),
        )
    return [...own, ...missing.map(member => `${entry}: ${name}.${member.name} has no comment`)]
  })
}

/** `Returns …`, `Loads …`, `Warns of …`: a verb in the third person. A plural noun ends in an s too, as in `Names of …` and `Hooks that …`. */
const VERB =
  /^(?!(?:This|Its|As|Always)\b)[A-Z][a-z]+s\b(?! (?:of|that)\b)|^(?:Warns of|(?:Checks|Ensures|Reports|Says) that)\b/

/** Returns a line for each public function whose comment does not begin with a verb. */
export function checkVerbs(names) {
  return names
    .filter(({ reflection }) => reflection.kindOf(ReflectionKind.Function) && !VERB.test(beginning(reflection)))
    .map(
      ({ name, entry, reflection }) => `${entry}: begin the comment of ${name} with a verb: "${beginning(reflection)}"`,
    )
}

/** The first words of a comment. */
function beginning(reflection) {
  return (commentOf(reflection)?.summary[0]?.text ?? '').trim().slice(0, 40)
}

/**
 * Returns a line for each public name that neither has an example nor leads to one. A name leads to the examples of what takes, returns, throws, contains
 * or extends it.
 */
export function checkExamples(names, { uses, relations }) {
  const byName = new Map(names.map(entry => [entry.name, entry]))
  const shown = new Map()
  const isShown = (name, trail) => {
    if (shown.has(name)) return shown.get(name)
    if (trail.includes(name) || !byName.has(name)) return false
    const found =
      (uses.get(name)?.length ?? 0) > 0 ||
      hasExample(byName.get(name).reflection) ||
      owners(name, relations).some(each => isShown(each, [...trail, name]))
    // What a cycle left open is decided by the name that it began with.
    if (found || trail.length === 0) shown.set(name, found)
    return found
  }
  const lost = names
    .filter(({ name }) => !isShown(name, []) && !(name in OWNERS))
    .map(
      ({ name, entry }) => `${entry}: ${name} leads to no example. Use it in a guide or a sample, or add an @example`,
    )
  const wrong = Object.entries(OWNERS)
    .filter(([name, owner]) => !byName.has(name) || !byName.has(owner) || isShown(name, []) || !isShown(owner, []))
    .map(
      ([name, owner]) =>
        `${name}: ${owner} is not its owner, or none is needed. Change docs/.vitepress/reference/owners.mjs`,
    )
  return [...lost, ...wrong]
}

/** The names whose examples count for a name too: those that take, return or contain it, unless it is a function; that throw it; whose part it is; its bases. */
function owners(name, relations) {
  const isFunction = relations.isFunction(name)
  return [
    ...(isFunction ? [] : relations.usedBy(name)),
    ...relations.thrownBy(name),
    ...relations.partOf(name),
    ...relations.bases(name),
  ]
}

/** Whether a comment of the name holds code. */
function hasExample(reflection) {
  const comments = [reflection.comment, ...(reflection.signatures ?? []).map(({ comment }) => comment)]
  return comments.some(
    comment =>
      comment &&
      (tagsOf(comment, '@example').length > 0 ||
        comment.summary.some(({ kind, text }) => kind === 'code' && text.includes('\n'))),
  )
}
