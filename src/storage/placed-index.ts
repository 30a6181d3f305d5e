/** The indexes of a folder once components are saved there. */
import { readText } from '../files/read-text'
import { formatJson } from '../format/json'
import { parseJson } from '../format/parse-json'

/** A component that is saved. */
export interface PlacedComponent {
  /** Key of its entry, and name of its folder. */
  readonly key: string
  /** The variant that its weights are named by. */
  readonly variant: string | null
}

type Index = Readonly<Record<string, unknown>>

/** The index with the entries of components that are now in the folder, or repository, of that name. */
export function placedIndex(place: string, index: Index, components: readonly PlacedComponent[]): Index {
  const result: Record<string, unknown> = { ...index }
  for (const { key, variant } of components) {
    const entry = index[key]
    if (!Array.isArray(entry) || entry.length !== 3) continue
    const [library, className, spec] = entry as [unknown, unknown, Index]
    const fields = { pretrained_model_name_or_path: place, subfolder: key, variant, revision: null }
    // What was saved is of that class, whatever the index called it that it was loaded by.
    const hint = typeof className === 'string' ? { type_hint: [library, className] } : {}
    result[key] = [library, className, { ...spec, ...hint, ...fields }]
  }
  return result
}

/**
 * Returns the new text of the other index of a folder, `model_index.json`, if it names classes that the saved
 * components no longer have. A reader of the old one would misread their files. `undefined` if none exists, or nothing
 * in it is out of date.
 */
export async function correctedStandardIndex(
  file: string,
  index: Index,
  components: readonly PlacedComponent[],
): Promise<string | undefined> {
  const old = await readText(file).then(parseIndex, () => undefined)
  if (old === undefined) return undefined
  const changed = components.flatMap(({ key }) => {
    const [library, className] = (index[key] ?? []) as unknown[]
    const entry = old[key]
    const isStated = Array.isArray(entry) && entry.length === 2 && typeof className === 'string'
    return isStated && entry[1] !== className ? [[key, [library, className]] as const] : []
  })
  return changed.length > 0 ? formatJson({ ...old, ...Object.fromEntries(changed) }) : undefined
}

/** A later reader of the folder reports what cannot be read. */
function parseIndex(text: string): Index | undefined {
  try {
    const json: unknown = parseJson(text)
    return typeof json === 'object' && json !== null ? (json as Index) : undefined
  } catch {
    return undefined
  }
}
