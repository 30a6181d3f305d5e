/** Says what a file of weights is, from its header alone. */
import { absolutePath } from '../../src/files/absolute-path'
import { pathOf } from '../../src/files/path-of'
import { familyOf } from '../adapters/lora/lora-family'
import { otherMethod, parseLoraKey } from '../adapters/lora/lora-keys'
import type { Checkpoint, StoredDType } from '../checkpoints/checkpoint'
import { CheckpointView } from '../checkpoints/checkpoint-view'
import { FAMILY_LABELS, type FileKind, kindLabel, PART_LABELS, type SingleFileComponent } from './file-kind'
import { readSingleFile } from './read-single-file'

/** Tensors of a file that belong together. */
export interface WeightSummary {
  readonly tensors: number
  readonly parameters: number
  readonly bytes: number
  /** Element types by the number of parameters that are of them, the most frequent first. */
  readonly precision: readonly StoredDType[]
}

/** A model in a file. */
export interface ComponentSummary extends WeightSummary {
  /** The folder of the model in the diffusers layout, e.g. `unet`. */
  readonly component: SingleFileComponent
  /** How its keys are spelled. */
  readonly layout: string
}

/** What a LoRA holds. */
export interface LoraSummary {
  /** `LoRA`, `DoRA`, `LoHa`, `LoKr` and others. */
  readonly methods: readonly string[]
  /** Different ranks of its layers, ascending. */
  readonly ranks: readonly number[]
  /** How many layers it changes in each component of a pipeline. */
  readonly layers: Readonly<Record<string, number>>
}

/** The names of a file's tensors, and what they are. */
type FileHeader = Pick<Checkpoint, 'keys' | 'info'>

/** What a file of weights is. */
export interface WeightsDescription extends WeightSummary {
  readonly file: string
  /** In words, e.g. `Stable Diffusion XL` or `a LoRA`. */
  readonly label: string
  readonly kind: FileKind['kind']
  /** The family of models that it is of, or made for; `undefined` if nothing tells. */
  readonly family: string | undefined
  readonly isInpainting?: boolean
  readonly components: readonly ComponentSummary[]
  /** Whether the file holds averaged weights of the UNet beside the others. */
  readonly hasEma: boolean
  readonly lora?: LoraSummary
  /** What to do with the file if it is not a model of a supported family. */
  readonly advice?: string
  readonly resembles?: readonly string[]
  /** Text that the writer left, e.g. of the training. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Describes a file. Nothing but its header is read.
 *
 * @throws MissingFileError, PickleCheckpointError, SafetensorsError, GGUFError
 */
export async function describeWeights(path: string | URL): Promise<WeightsDescription> {
  const { kind, tensors, metadata, file: name } = readSingleFile(pathOf(path, 'file'))
  const file = new CheckpointView(name, tensors)
  return {
    file: absolutePath(name),
    label: kindLabel(kind),
    kind: kind.kind,
    family: familyLabel(kind, file),
    ...(kind.kind === 'checkpoint' && { isInpainting: kind.isInpainting }),
    ...summarise(file, file.keys),
    components: componentsOf(kind, file),
    hasEma: file.keys.some(key => key.startsWith('model_ema.diffusion_model')),
    ...(isLora(kind) && { lora: loraOf(file) }),
    ...(kind.kind === 'other' && { advice: kind.advice }),
    ...(kind.kind === 'unknown' && { resembles: kind.resembles }),
    metadata: Object.fromEntries(metadata),
  }
}

function isLora(kind: FileKind): boolean {
  return kind.kind === 'other' && kind.label === 'a LoRA'
}

function familyLabel(kind: FileKind, file: FileHeader): string | undefined {
  if (isLora(kind)) return familyOf(file)
  if (kind.kind !== 'checkpoint') return undefined
  // A VAE alone may be one of several families.
  const names = Object.keys(kind.parts)
  return names.length === 1 && names[0] === 'vae' ? undefined : FAMILY_LABELS[kind.family]
}

function componentsOf(kind: FileKind, file: FileHeader): ComponentSummary[] {
  if (kind.kind !== 'checkpoint') return []
  return Object.entries(kind.parts).map(([component, { prefix, layout }]) => ({
    component: component as SingleFileComponent,
    layout,
    ...summarise(
      file,
      file.keys.filter(key => key.startsWith(prefix)),
    ),
  }))
}

function summarise(file: FileHeader, keys: readonly string[]): WeightSummary {
  const counts = new Map<StoredDType, number>()
  let parameters = 0
  let bytes = 0
  for (const key of keys) {
    const { dtype, shape, begin, end } = file.info(key)
    const size = shape.reduce((product, length) => product * length, 1)
    counts.set(dtype, (counts.get(dtype) ?? 0) + size)
    parameters += size
    bytes += end - begin
  }
  const precision = [...counts].sort(([, a], [, b]) => b - a).map(([dtype]) => dtype)
  return { tensors: keys.length, parameters, bytes, precision }
}

function loraOf(file: FileHeader): LoraSummary {
  const methods = new Set<string>()
  const ranks = new Set<number>()
  const layers = new Map<string, Set<string>>()
  const add = (component: string, layer: string) => {
    layers.set(component, (layers.get(component) ?? new Set()).add(layer))
  }
  for (const key of file.keys) {
    const other = otherMethod(key)
    if (other) {
      methods.add(other.method)
      add(componentOfKey(other.layer), other.layer)
      continue
    }
    const parsed = parseLoraKey(key)
    if (parsed === undefined) continue
    if (parsed.part === 'magnitude') methods.add('DoRA')
    if (parsed.part !== 'down') continue
    methods.add('LoRA')
    add(parsed.component, parsed.layer)
    ranks.add(file.info(key).shape[0] ?? 0)
  }
  if (methods.has('DoRA')) methods.delete('LoRA')
  return {
    methods: [...methods],
    ranks: [...ranks].sort((a, b) => a - b),
    layers: Object.fromEntries([...layers].map(([component, names]) => [component, names.size])),
  }
}

/** The component that a layer of another method belongs to. */
function componentOfKey(layer: string): string {
  return parseLoraKey(`${layer}.alpha`)?.component ?? 'unet'
}

/** The name of a model in words. */
export function componentLabel({ component }: ComponentSummary): string {
  return PART_LABELS[component]
}
