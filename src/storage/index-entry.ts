/** The entries of an index that stand for components, and what of them cannot be true. Counterpart: ModularPipeline._dict_to_component_spec of diffusers. */
import { z } from 'zod'
import { ModelIndexError } from '../errors/model-index-error'
import { isContainedPath } from '../files/contained-path'
import type { LoadingFields } from '../params/component-spec'
import { explainMismatch } from '../params/schema'

/** What an index says of a component. */
export interface IndexEntry {
  /** Key of the entry, which is the component's name in snake_case. */
  readonly key: string
  /** Class of the component; `undefined` where the index leaves it open. */
  readonly className: string | undefined
  /** Python package of the class. */
  readonly library: string | undefined
  /** Where the component lies; `undefined` for the folder of that name beside the index. */
  readonly place: LoadingFields | undefined
}

const text = z.string().nullish()
const name = z.string().nullable()
const standardEntry = z.tuple([name, name])
const modularEntry = z.tuple([
  name,
  name,
  z.object({
    type_hint: z.tuple([name, name]).nullish(),
    pretrained_model_name_or_path: text,
    /** What the path was called before. */
    repo: text,
    subfolder: text,
    variant: text,
    revision: text,
  }),
])

/** Classes of Python that stand for whatever the files turn out to hold: they say nothing of a component. */
const AUTO_CLASS = /^Auto(Model\w*|Tokenizer|Processor|ImageProcessor|VideoProcessor|FeatureExtractor)$/

/** The two kinds of index: of modular pipelines, and of all others. */
export type IndexKind = 'modular' | 'standard'

/** How an entry of each kind looks, in words. */
const FORMS = { modular: '[library, class, spec]', standard: '[library, class]' } as const

/**
 * What an entry says; `undefined` for one that is left empty.
 * @throws ModelIndexError
 */
export function parseIndexEntry(kind: IndexKind, file: string, key: string, value: unknown): IndexEntry | undefined {
  const problem = (what: string) => new ModelIndexError(file, `the entry "${key}" ${what}`)
  // Both kinds leave a component empty like this; Python ignores such an entry in an index of the other kind.
  if (Array.isArray(value) && value.length === 2 && value.every(part => part === null)) return undefined
  const lengthOf = { modular: 3, standard: 2 }
  const other = kind === 'modular' ? 'standard' : 'modular'
  if (Array.isArray(value) && value.length === lengthOf[other]) {
    const [own, foreign] =
      kind === 'modular' ? ['modular_model_index', 'model_index'] : ['model_index', 'modular_model_index']
    throw problem(`has the form of a ${foreign}.json; in a ${own}.json, it must be ${FORMS[kind]}.`)
  }
  if (!Array.isArray(value) || value.length !== lengthOf[kind]) throw problem(`must be ${FORMS[kind]}.`)
  if (kind === 'standard') {
    const parsed = standardEntry.safeParse(value)
    if (!parsed.success) throw problem(`names no class: ${JSON.stringify(value)}.`)
    const [library, className] = parsed.data
    return className === null ? undefined : { key, ...statedClass(library, className), place: undefined }
  }
  const parsed = modularEntry.safeParse(value)
  if (!parsed.success) throw problem(`is invalid: ${explainMismatch(parsed.error)}.`)
  const [ownLibrary, ownClass, spec] = parsed.data
  const [hintLibrary, hint] = spec.type_hint ?? [null, null]
  const stated = statedClass(hintLibrary, hint)
  return {
    key,
    ...(stated.className === undefined ? statedClass(ownLibrary, ownClass) : stated),
    place: {
      pretrainedModelNameOrPath: spec.pretrained_model_name_or_path ?? spec.repo ?? undefined,
      subfolder: spec.subfolder ?? undefined,
      variant: spec.variant ?? undefined,
      revision: spec.revision ?? undefined,
    },
  }
}

/** The class that an index states, if it is one. */
function statedClass(library: string | null, className: string | null): Pick<IndexEntry, 'className' | 'library'> {
  if (!className || AUTO_CLASS.test(className)) return { className: undefined, library: undefined }
  return { className, library: library ?? undefined }
}

/** Whether a path begins at the top of a file system, of this machine or of another kind. */
export function isRooted(path: string): boolean {
  return /^(?:[\\/]|[a-z]:)/i.test(path)
}

/** Whether a path, which may be absolute, has no part that leads upwards, to another machine, or that is read as something else, such as a URL. */
export function isPlainPath(path: string): boolean {
  const isOfOtherMachine = /^[\\/]{2}|^[a-z][a-z0-9+.-]+:/i.test(path)
  const inside = path
    .replace(/^[a-z]:(?=[\\/])/i, '')
    .replaceAll('\\', '/')
    .replace(/^\//, '')
    .replace(/\/$/, '')
  return !isOfOtherMachine && isContainedPath(inside)
}
