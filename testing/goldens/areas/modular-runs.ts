/** Runs of the reference's modular pipelines: which blocks they consist of, and where their latents differ from those of the classic pipelines. */
import { ClassifierFreeGuidance } from '../../../components'
import * as tf from '../../../components/tensors/tf'
import { ModularPipelineBlocks, type Out, Output, type SequentialPipelineBlocks, toCamelCase } from '../../../src'
import { toSnakeCase } from '../../../src/format/wire-names'
import { expectEqual, GoldenMismatch } from '../compare'
import type { GoldenCase, Json } from '../golden-case'
import { toTensor } from '../layout'
import { type RecordedRun, recordedRuns } from './pipeline-runs'
import { type RunSetup, setupOf } from './pipeline-setup'

/** What the reference's modular pipeline did. */
interface ModularEntry {
  readonly name: string
  /** Paths of the blocks that ran. */
  readonly execution_blocks?: readonly string[]
  /** The last latents, where they are not those of the classic pipeline. */
  readonly latents?: { readonly tensor: string }
  readonly draws?: readonly { readonly tensor: string }[]
  readonly note?: string
  /** Of the entry `introspection`. */
  readonly inputs?: readonly { readonly name: string | null; readonly default: unknown }[]
  readonly workflows?: Readonly<Record<string, readonly string[]>>
}

/** Blocks of our own, which have no counterpart. */
const OWN_BLOCKS = [
  'set_guidance',
  'embed_guidance',
  'prepare_models',
  'denoise.project_ip_adapter_images',
  'decode.postprocess',
]

/** Inputs of the reference that our blocks lack: those of adapters, and those that make no difference in float32. */
const OTHER_INPUTS = /^(cross_attention_kwargs$|dtype$|preprocess_kwargs$)/

/** Defaults that are said in other words. */
const OTHER_DEFAULTS = ['output_type']

/** Runs in which the reference's modular pipeline is wrong, as the notes say: ours draws what the classic one draws. */
const SLIPS = /this modular version repeats|the modular loop takes only the first/

const PREFIX = 'modular.'

/** Names of the parts of a case that are about modular pipelines. */
export function modularParts(json: Json): readonly string[] {
  return entriesOf(json)
    .filter(isChecked)
    .map(({ name }) => `${PREFIX}${name}`)
}

/** Whether a part is about modular pipelines. */
export function isModularPart(part: string): boolean {
  return part.startsWith(PREFIX)
}

/** Checks one of {@link modularParts}. `draw` draws a run, and returns its last latents. */
export async function checkModularPart(
  golden: GoldenCase,
  part: string,
  draw: (run: RecordedRun, setup: RunSetup) => Promise<void>,
): Promise<void> {
  const entry = entriesOf(golden.json).find(({ name }) => `${PREFIX}${name}` === part) as ModularEntry
  const run = recordedRuns(golden.json).find(({ name }) => name === entry.name)
  if (run === undefined) return checkIntrospection(golden, entry)
  const setup = setupOf(golden, run)
  if (entry.execution_blocks) {
    expectEqual(
      'execution_blocks',
      pathsOf(setup.blocks, Object.keys(run.arguments).map(toCamelCase)),
      entry.execution_blocks,
    )
  }
  if (entry.latents) await draw(asModular(run, entry), await modularSetup(golden, setup, entry, run))
}

function entriesOf(json: Json): readonly ModularEntry[] {
  return (json.modular as readonly ModularEntry[] | undefined) ?? []
}

function isChecked({ name, execution_blocks: blocks, latents, note = '' }: ModularEntry): boolean {
  return name === 'introspection' || blocks !== undefined || (latents !== undefined && !SLIPS.test(note))
}

/** The run, with nothing to compare but the last latents. */
function asModular(run: RecordedRun, { latents }: ModularEntry): RecordedRun {
  return { ...run, tensors: latents ? { latents } : {} }
}

/** Brings about the difference that the note of an entry tells. */
async function modularSetup(
  golden: GoldenCase,
  setup: RunSetup,
  entry: ModularEntry,
  run: RecordedRun,
): Promise<RunSetup> {
  const { note = '', draws = [] } = entry
  const { negativeAestheticScore, controlnetConditioningScale, ...inputs } = setup.inputs
  if (negativeAestheticScore !== undefined && note.includes('aesthetic score')) return { ...setup, inputs }
  if (controlnetConditioningScale !== undefined && note.startsWith('no scale was given')) return { ...setup, inputs }
  if (note.startsWith('the guider guides')) {
    const guider = ClassifierFreeGuidance.fromConfig({ guidanceScale: run.arguments.guidance_scale })
    return { ...setup, blocks: setup.blocks.remove('setGuidance'), components: { guider } }
  }
  const noise = draws[2]
  if (!note.includes('noise is draw 2') || noise === undefined)
    throw new GoldenMismatch('note', 'a known difference', note)
  const recorded = await golden.tensor(noise.tensor)
  const blocks = setup.blocks.insert(
    'useNoise',
    new UseNoise(() => toTensor(recorded) as tf.Tensor4D),
    noiseIndex(setup.blocks),
  )
  return { ...setup, blocks }
}

function noiseIndex(blocks: SequentialPipelineBlocks): number {
  return [...blocks.subBlocks.keys()].indexOf('denoise')
}

/** Takes the place of the noise that was drawn. */
class UseNoise extends ModularPipelineBlocks {
  static override readonly className: string = 'UseNoise'

  @Output() noise!: Out<tf.Tensor4D>

  constructor(private readonly make: () => tf.Tensor4D) {
    super()
  }

  run(): void {
    this.noise = this.make()
  }
}

function checkIntrospection(golden: GoldenCase, { inputs = [], workflows = {} }: ModularEntry): void {
  const [run] = recordedRuns(golden.json)
  const { blocks } = setupOf(golden, run as RecordedRun)
  const ours = new Map(blocks.inputs.map(input => [input.name, input]))
  for (const { name, default: value } of inputs) {
    if (name === null || OTHER_INPUTS.test(name)) continue
    const input = ours.get(toCamelCase(name))
    if (input === undefined) throw new GoldenMismatch(name, 'an input', 'nothing')
    if (!OTHER_DEFAULTS.includes(name)) expectEqual(name, input.default ?? null, value)
  }
  for (const name of blocks.availableWorkflows) {
    const recorded = Object.keys(workflows).find(key => bare(key) === bare(name)) ?? ''
    expectEqual(name, namesOf(blocks.getWorkflow(name as never)), workflows[recorded] ?? [])
  }
}

/** The letters of a name: `controlnet_text2image` is spelled controlnetText2image here, with the digit inside of a word. */
function bare(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

/** Paths of the blocks that run for some inputs. */
function pathsOf(blocks: SequentialPipelineBlocks, inputs: readonly string[]): readonly string[] {
  return namesOf(blocks.getExecutionBlocks(Object.fromEntries(inputs.map(name => [name, true]))))
}

function namesOf(blocks: SequentialPipelineBlocks): readonly string[] {
  const paths = [...blocks.subBlocks.keys()].map(path => path.split('.').map(toSnakeCase).join('.'))
  const others = paths.filter(path => !OWN_BLOCKS.includes(path))
  // The reference's block makes pictures too, so that decoding is one block where nothing is pasted.
  return others.includes('decode.mask_overlay')
    ? others
    : others.map(path => (path === 'decode.decode' ? 'decode' : path))
}
