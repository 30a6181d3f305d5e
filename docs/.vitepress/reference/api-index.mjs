/** The public names: where each is imported from, its page, and what it has to do with other names. */
import { ReflectionKind } from 'typedoc'
import { ENTRIES } from './read-api.mjs'
import { topicOf } from './topics.mjs'

/**
 * Returns the public names in the order of their declarations. Each has its `name`, `entry` (the module to import it from), `topic`, `path` (of its page,
 * below the folder of the reference) and `reflection`.
 * @throws Error for two names whose pages would have one path
 */
export function publicNames(project) {
  const entries = Object.keys(ENTRIES)
  const names = project.children.flatMap((module, i) =>
    (module.children ?? [])
      .filter(({ flags, kind, name }) => !flags.isExternal && !(kind === ReflectionKind.Namespace && name === 'jest'))
      .map(reflection => {
        const { name } = reflection
        const topic = topicOf(fileOf(project, reflection) ?? ENTRIES[entries[i]])
        return { name, entry: entries[i], topic, path: `${topic.folder}/${name}.md`, reflection }
      }),
  )
  const seen = new Set()
  for (const entry of names) {
    // Some file systems do not tell capitals from small letters.
    if (seen.has(entry.path.toLowerCase()))
      entry.path = entry.path.replace(
        /\.md$/,
        `-${ReflectionKind.singularString(entry.reflection.kind).toLowerCase()}.md`,
      )
    if (seen.has(entry.path.toLowerCase())) throw new Error(`Two names have the page ${entry.path}.`)
    seen.add(entry.path.toLowerCase())
  }
  return names
}

/** The source file of a name, relative to the repository. */
function fileOf(project, reflection) {
  return project.getSymbolIdFromReflection(reflection)?.packagePath
}

/**
 * Returns the public names that a reflection's types refer to, without itself, as a set of names.
 * @param byReflection - name of each public reflection
 */
export function referencesOf(reflection, byReflection) {
  const found = new Set()
  const seen = new Set()
  const visitType = type => {
    if (type === undefined || type === null || typeof type !== 'object' || seen.has(type)) return
    seen.add(type)
    if (Array.isArray(type)) return type.forEach(visitType)
    if (type.type === 'reference' && type.reflection) {
      const name = byReflection.get(type.reflection)
      if (name !== undefined) found.add(name)
    }
    if (type.type === 'reflection') return visit(type.declaration)
    for (const key of [
      'typeArguments',
      'elementType',
      'types',
      'elements',
      'element',
      'target',
      'checkType',
      'extendsType',
      'trueType',
      'falseType',
      'objectType',
      'indexType',
      'parameterType',
      'templateType',
      'queryType',
      'targetType',
    ])
      visitType(type[key])
  }
  const visit = each => {
    if (each === undefined || seen.has(each) || each.inheritedFrom) return
    seen.add(each)
    for (const key of ['type', 'default']) visitType(each[key])
    for (const base of [...(each.extendedTypes ?? []), ...(each.implementedTypes ?? [])]) visitType(base.typeArguments)
    for (const key of ['typeParameters', 'parameters', 'signatures', 'indexSignatures', 'children'])
      for (const part of each[key] ?? []) visit(part)
    for (const key of ['getSignature', 'setSignature']) visit(each[key])
  }
  visit(reflection)
  found.delete(reflection.name)
  return found
}
