/** Reports entries of a model's index that the blocks of a pipeline do not use. */
import { emitWarningOnce } from '../errors/emit-warning'
import { printableName, printableValue } from '../errors/printable'
import type { ModelIndex } from '../storage/model-index'
import { findPipelineFamily, findUnsupportedPipeline, namesReadByFamily, unreadEntryNote } from './pipeline-families'

/** How many entries a warning names. */
const MOST_ENTRIES = 10
/** Characters of a value that a warning shows. */
const LONGEST_VALUE = 60

/**
 * Warns, once in a process, of components and settings of an index that neither these blocks nor the default blocks of their family read. A pipeline of some
 * blocks of a family leaves entries to the others.
 *
 * @param names of the components and settings that the blocks of the pipeline read
 * @param modelName the family of the blocks
 */
export function warnOfUnreadEntries(index: ModelIndex, names: Iterable<string>, modelName: string | undefined): void {
  const read = new Set(names)
  let unread = index.entriesBesides(read)
  if (unread.length === 0) return
  const ofFamily = namesReadByFamily(modelName)
  unread = unread.filter(({ name, value }) => {
    const note = unreadEntryNote(name, modelName)
    return !ofFamily.has(name) && (note?.harmlessValue === undefined || note.harmlessValue !== value)
  })
  if (unread.length === 0) return
  const named = unread.slice(0, MOST_ENTRIES).map(({ name, key, value }) => {
    const consequence = unreadEntryNote(name, modelName)?.consequence
    // The class of a component is a text that needs no quotes.
    const given = typeof value === 'string' ? printableName(value, LONGEST_VALUE) : printableValue(value, LONGEST_VALUE)
    return `"${printableName(key)}" (${given})${consequence === undefined ? '' : `: ${consequence}`}`
  })
  const rest = unread.length > MOST_ENTRIES ? `; and ${unread.length - MOST_ENTRIES} more` : ''
  emitWarningOnce('UNREAD_INDEX_ENTRIES', `${index.file}: no block reads ${named.join('; ')}${rest}.`)
}

/**
 * Warns, once in a process, of an index that names a pipeline which does more than the blocks of a family.
 *
 * @param modelName the family of the blocks
 */
export function warnOfOtherPipeline(index: ModelIndex, modelName: string | undefined): void {
  const { pipelineClassName } = index
  const unsupported = findUnsupportedPipeline(pipelineClassName)
  if (unsupported === undefined || findPipelineFamily(modelName) === undefined) return
  const message = `${index.file} names the pipeline ${pipelineClassName}, which ${unsupported.does}. The blocks of ${modelName} do not do that.`
  emitWarningOnce('OTHER_PIPELINE', message)
}
