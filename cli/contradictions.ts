/** Options of `tesserae generate` that exclude each other. */
import { absolutePath } from '../src/files/absolute-path'
import type { Control } from './control-arguments'

/** The options that may contradict each other, as commander gives them. */
export type ContradictingOptions = Readonly<Record<string, string | undefined>> & {
  readonly control?: readonly Control[]
  readonly t2iAdapter?: Control
  readonly ipAdapter?: readonly string[]
  readonly ipImage?: readonly string[]
}

/** Returns the first contradiction as a sentence, or `undefined`. */
export function contradictionIn(words: readonly string[], options: ContradictingOptions): string | undefined {
  return (
    severalReaders(words, options) ??
    oneFile(options) ??
    missingPartner(options) ??
    besideRefiner(options) ??
    otherExecutor(options)
  )
}

/** The options that `--list-words` goes by. */
const OF_LIST = ['--list-words', '--model', '--revision', '--offline', '--json']

/**
 * Returns what `--list-words` would ignore, as a sentence, or `undefined`.
 *
 * @param given the options that stand on the command line, e.g. `--seed`
 */
export function ignoredByListWords(words: readonly string[], given: readonly string[]): string | undefined {
  const ignored = words.length > 0 ? 'a prompt' : given.find(option => !OF_LIST.includes(option))
  return ignored && `--list-words draws nothing, so ${ignored} has no effect. Leave out one of them.`
}

/** Standard input holds one thing. */
function severalReaders(words: readonly string[], options: ContradictingOptions): string | undefined {
  const { promptFile, image, mask, control = [], t2iAdapter, ipImage = [] } = options
  const readers = [
    ...(words.join(' ') === '-' ? ['the prompt'] : []),
    ...(promptFile === '-' ? ['--prompt-file'] : []),
    ...(image === '-' ? ['--image'] : []),
    ...(mask === '-' ? ['--mask'] : []),
    ...control.filter(({ image }) => image === '-').map(() => '--control'),
    ...(t2iAdapter?.image === '-' ? ['--t2i-adapter'] : []),
    ...ipImage.filter(image => image === '-').map(() => '--ip-image'),
  ]
  if (readers.length < 2) return undefined
  return `${readers.join(' and ')} cannot both be read from standard input. Name a file for one of them.`
}

/** A trace that is written last would replace the preview. */
function oneFile({ preview, trace }: ContradictingOptions): string | undefined {
  if (trace === undefined || preview === undefined || absolutePath(preview) !== absolutePath(trace)) return undefined
  return '--preview and --trace name the same file. Pass two different files.'
}

/** Some options have no effect without another. */
function missingPartner(options: ContradictingOptions): string | undefined {
  const { preview, previewEvery, refiner, refinerStart, refinerRevision } = options
  if (previewEvery !== undefined && preview === undefined) {
    return '--preview-every has no effect without --preview. Add --preview FILE.'
  }
  const ofRefiner = { '--refiner-start': refinerStart, '--refiner-revision': refinerRevision }
  const [option] = Object.entries(ofRefiner).find(([, given]) => given !== undefined && refiner === undefined) ?? []
  return option && `${option} has no effect without --refiner. Add --refiner MODEL.`
}

/** What is loaded into the base model alone is of no use to a refiner. */
function besideRefiner({ refiner, control, t2iAdapter, ipAdapter }: ContradictingOptions): string | undefined {
  if (refiner === undefined) return undefined
  const ofBase = [
    ['--control', control, 'a refiner cannot use a ControlNet'],
    ['--t2i-adapter', t2iAdapter, 'a refiner cannot use an adapter'],
    ['--ip-adapter', ipAdapter, 'a refiner cannot use an adapter'],
  ] as const
  const [option, , reason] = ofBase.find(([, given]) => given !== undefined) ?? []
  return option && `--refiner and ${option} exclude each other: ${reason}. Leave out one of them.`
}

/** A backend belongs to one executor, a provider to the other. */
function otherExecutor({ executor, backend, provider }: ContradictingOptions): string | undefined {
  if (provider !== undefined && (executor === 'eager' || backend !== 'auto')) {
    const other = executor === 'eager' ? '--executor eager' : '--backend'
    return `--provider is for ONNX Runtime, which ${other} excludes. Leave out one of them.`
  }
  return executor === 'graph' && backend !== 'auto'
    ? '--backend is for TensorFlow.js, which --executor graph excludes. Leave out one of them.'
    : undefined
}
