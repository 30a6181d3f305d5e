/** What public names have to do with each other: bases, types that are taken or returned, errors that are thrown, parts of blocks. */
import { ReflectionKind } from 'typedoc'
import { thrownNames } from './comments.mjs'
import { OWNERS } from './owners.mjs'

/** More links than this tell nothing. */
const MOST_LINKS = 12

/**
 * @param names - what `publicNames()` returns
 * @param references - name → public names in its types
 * @param tables - what `blockTables()` returns
 * @param publicBases - what `publicBases()` returns
 */
export function relationsOf(names, references, tables, publicBases) {
  const byName = new Map(names.map(entry => [entry.name, entry]))
  const bases = new Map(
    names.map(({ name, reflection }) => {
      const base = byName.has(publicBases.get(name)) ? [publicBases.get(name)] : []
      return [name, new Set([...basesOf(reflection, byName), ...base])]
    }),
  )
  const usedBy = invert(references)
  const thrownBy = invert(
    new Map(
      names.map(({ name, reflection }) => [
        name,
        new Set(
          commentsOf(reflection)
            .flatMap(thrownNames)
            .filter(each => byName.has(each)),
        ),
      ]),
    ),
  )
  const partOf = invert(
    new Map(
      [...tables].map(([name, { parts }]) => [
        name,
        new Set(parts.map(({ block }) => block.class).filter(each => byName.has(each))),
      ]),
    ),
  )
  const derived = invert(bases)
  const isError = name => name === 'ModularError' || [...(bases.get(name) ?? [])].some(isError)
  const isModule = name => name === 'Module' || [...(bases.get(name) ?? [])].some(isModule)
  const list = (map, name) => [...(map.get(name) ?? [])]

  return {
    isError,
    isModule,
    isFunction: name => byName.get(name).reflection.kindOf(ReflectionKind.Function),
    bases: name => list(bases, name),
    derived: name => list(derived, name),
    usedBy: name => list(usedBy, name).filter(each => !bases.get(each)?.has(name)),
    thrownBy: name => list(thrownBy, name),
    partOf: name => list(partOf, name),
    /** The links of a page, by heading. */
    shown(name) {
      const users = this.usedBy(name)
      const shown = {
        'Belongs to': OWNERS[name] ? [OWNERS[name]] : [],
        Extends: this.bases(name),
        'Extended by': this.derived(name),
        'Part of': this.partOf(name),
        'Thrown by': this.thrownBy(name),
        ...(!this.isFunction(name) && { 'Taken, returned or contained by': users }),
        Types: list(references, name).filter(each => !bases.get(name).has(each)),
      }
      return Object.fromEntries(Object.entries(shown).map(([title, each]) => [title, each.slice(0, MOST_LINKS)]))
    },
  }
}

/** The public classes and interfaces that a name extends. */
function basesOf({ extendedTypes = [], implementedTypes = [] }, byName) {
  return new Set(
    [...extendedTypes, ...implementedTypes].flatMap(({ reflection }) =>
      reflection && byName.get(reflection.name)?.reflection === reflection ? [reflection.name] : [],
    ),
  )
}

/** All comments of a reflection and of what it declares itself. */
function commentsOf(reflection) {
  const found = []
  const visit = each => {
    if (each === undefined || each.inheritedFrom) return
    if (each.comment) found.push(each.comment)
    for (const part of [...(each.signatures ?? []), ...(each.children ?? [])]) visit(part)
  }
  visit(reflection)
  return found
}

function invert(map) {
  const inverted = new Map()
  for (const [name, others] of map)
    for (const other of others) inverted.set(other, new Set([...(inverted.get(other) ?? []), name]))
  return inverted
}
