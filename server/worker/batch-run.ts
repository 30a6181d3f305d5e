/** Several jobs in one call of their pipeline: each has its own texts, its own source of random numbers, and its own picture. */
import * as ownBlocks from '../../blocks'
import { BaseGuidance, CLIPTokenizer, Generator, Image, tf } from '../../components'
import {
  type BlockEndEvent,
  classNameOf,
  inputsFromWire,
  type JsonSchema,
  PipelineAbortError,
  type PipelineEvent,
  type PreviewEvent,
} from '../../src'
import { checkLimits, effectiveLimits } from '../../src/runtime/run-limits'
import { eachBlock } from '../../src/wiring/blocks'
import { seedOf } from '../queue/new-job'
import { isOwnText, OWN_TEXTS } from './batch-key'
import type { HeldPipeline } from './held-pipeline'
import type { HostedJob } from './hosted-job'
import { computedBy, isPreviewDue, storeOutputs, tellEvent } from './job-run'
import type { ServedPipeline } from './pipeline-source'
import { followedTags, type PromptLoras, type TakenTags } from './prompt-loras'
import { type BatchLimit, NO_BATCH_LIMIT } from './runner'

/** What computes a batch. */
export interface BatchPipeline {
  /** The pipeline that is held, or one that is derived from it. */
  readonly pipe: ServedPipeline
  readonly held: HeldPipeline
  /** Of its inputs. */
  readonly schema: JsonSchema
  /** The LoRAs that prompts name; `undefined` if tags are not followed. */
  readonly loras: PromptLoras | undefined
}

/** The classes of Tesserae's own blocks, which all take lists of texts and of generators. */
const OWN_BLOCKS: ReadonlySet<unknown> = new Set(Object.values(ownBlocks))

/** Limits that are meant for the call of one job, and that a call for several would reach sooner. */
const LIMITS_OF_A_CALL = ['maxMemory', 'timeout'] as const

/** How many jobs of a pipeline can be computed together. Its limits, and those of the process, may change. */
export function batchLimit(pipe: ServedPipeline): BatchLimit {
  const effective = effectiveLimits(checkLimits(pipe.limits))
  const limit = LIMITS_OF_A_CALL.find(name => Number.isFinite(effective[name]))
  const why = limit === undefined ? whyBlocksAlone(pipe) : `the limit ${limit} is for the call of one job`
  if (why !== undefined) return { most: 1, why }
  const most = Math.floor(effective.maxImages)
  return Number.isFinite(most) ? { most, why: `the limit maxImages is ${effective.maxImages}` } : NO_BATCH_LIMIT
}

/** What the blocks of pipelines have shown: they do not change, and a worker asks after every job. */
const reasons = new WeakMap<ServedPipeline, { readonly why: string | undefined }>()

function whyBlocksAlone(pipe: ServedPipeline): string | undefined {
  const known = reasons.get(pipe) ?? { why: findWhyAlone(pipe) }
  reasons.set(pipe, known)
  return known.why
}

function findWhyAlone({ blocks }: ServedPipeline): string | undefined {
  for (const { block } of eachBlock(blocks)) {
    if (OWN_BLOCKS.has(block.constructor)) continue
    return `its block ${classNameOf(block)} is not one of Tesserae's own, which take lists of prompts`
  }
  const names = blocks.inputs.flatMap(({ name }) => name ?? [])
  const missing = ['prompt', 'generator'].find(name => !names.includes(name))
  if (missing !== undefined) return `it has no input "${missing}"`
  return blocks.intermediateOutputNames.includes('images') ? undefined : 'it has no output "images"'
}

/**
 * Computes jobs that have the same batch key. One that is cancelled is over at once, and the others continue. Jobs that are not over afterwards must be
 * computed alone: the call has failed, has warned of something, or has prompts of different lengths.
 *
 * @throws what the call throws
 */
export async function computeTogether(
  { pipe, held, schema, loras }: BatchPipeline,
  jobs: readonly HostedJob[],
): Promise<void> {
  const stopping = new AbortController()
  // Each job hears its own signal first.
  const look = () => {
    if (jobs.every(({ isOver }) => isOver)) stopping.abort()
  }
  for (const { hooks } of jobs) hooks.signal.addEventListener('abort', look)
  let endLoras: (() => void) | undefined
  try {
    const members = jobs.filter(({ isOver }) => !isOver)
    const taken = members.map(({ task }) => followedTags(task.job, loras))
    const inputs = await inputsOf(members, taken, pipe, schema)
    if (inputs === undefined) return
    // They name the same.
    endLoras = await loras?.use(pipe, taken[0]?.loras ?? [])
    const listener = new BatchListener(members, mostTokens(pipe), () => stopping.abort())
    const { signal } = stopping
    const onEvent = (event: PipelineEvent) => listener.tell(event)
    const images: unknown = await pipe(inputs, { output: 'images', signal, onEvent })
    const isComplete = Array.isArray(images) && images.length === members.length
    if (listener.isAbandoned || !isComplete) {
      tf.dispose(images as tf.TensorContainer) // It ignores everything else.
      return
    }
    const made = { ...computedBy(held), modelName: pipe.blocks.modelName }
    for (const [i, member] of members.entries()) {
      const { task, hooks } = member
      if (!member.isOver) member.store(() => storeOutputs({ images: [images[i]] }, made, task.job, hooks))
    }
  } catch (error) {
    // It was stopped here: its jobs are over, or are to be computed alone.
    if (!(error instanceof PipelineAbortError && stopping.signal.aborted)) throw error
  } finally {
    endLoras?.()
    for (const { hooks } of jobs) hooks.signal.removeEventListener('abort', look)
  }
}

/** The inputs of the call; `undefined` if the jobs do not fit into one. */
async function inputsOf(
  members: readonly HostedJob[],
  taken: readonly TakenTags[],
  pipe: ServedPipeline,
  schema: JsonSchema,
): Promise<Record<string, unknown> | undefined> {
  const [first] = taken
  if (first === undefined || taken.length === 1 || drawsByChance(pipe)) return undefined
  const { inputs } = first
  const settings = Object.entries(inputs).filter(([name]) => !isOwnText(name))
  const shared = await inputsFromWire(schema, Object.fromEntries(settings))
  if (Object.values(shared).some(value => [value].flat().some(each => each instanceof Image))) return undefined
  const texts = OWN_TEXTS.filter(name => Object.hasOwn(inputs, name)).map(name => [
    name,
    taken.map(each => each.inputs[name]),
  ])
  return {
    ...shared,
    ...Object.fromEntries(texts),
    generator: members.map(({ task }) => new Generator(seedOf(task.job))),
  }
}

/** Whether the guider draws numbers by the seed of the call, of which a batch has none: what it leaves out of a model would be another part. */
function drawsByChance({ components }: ServedPipeline): boolean {
  const { guider } = components as Readonly<Record<string, unknown>>
  return guider instanceof BaseGuidance && /"dropout":(?!(?:1|0|null)[,}])/.test(JSON.stringify(guider.config))
}

/** Tokens that the text encoder takes at once. */
function mostTokens({ components }: ServedPipeline): number {
  const { tokenizer } = components as Readonly<Record<string, unknown>>
  return tokenizer instanceof CLIPTokenizer ? tokenizer.modelMaxLength : 0
}

/** Tells each job of a batch what happens. */
class BatchListener {
  /** Whether the jobs must be computed alone: of a warning, nobody knows which job it is about, and a prompt that is longer than others lengthens them. */
  isAbandoned = false
  /** What happened before the loop: it is dropped if the jobs begin again then. */
  private early: PipelineEvent[] | undefined = []

  constructor(
    private readonly members: readonly HostedJob[],
    /** Tokens of embeddings that are as long as those of each text alone. */
    private readonly mostTokens: number,
    private readonly abandon: () => void,
  ) {}

  async tell(event: PipelineEvent): Promise<void> {
    if (event.type === 'warning' || (event.type === 'blockEnd' && this.isLong(event))) {
      this.isAbandoned = true
      this.abandon()
    }
    if (this.isAbandoned) return
    if (this.early && event.type !== 'loopStart' && event.type !== 'runEnd') {
      this.early.push(event)
      return
    }
    const due = [...(this.early ?? []), event]
    this.early = undefined
    // None waits for the one before it, so that they keep their order.
    await Promise.all(due.map(each => this.tellAll(each)))
  }

  /** Whether a block has made embeddings of more than one chunk of the text encoder, for all prompts of the batch or for some. */
  private isLong({ outputs }: BlockEndEvent): boolean {
    if (this.early === undefined) return false
    const { promptEmbeds } = outputs()
    return promptEmbeds instanceof tf.Tensor && (promptEmbeds.shape[1] ?? 0) > this.mostTokens
  }

  private async tellAll(event: PipelineEvent): Promise<void> {
    if (event.type === 'preview') return this.tellPreviews(event)
    const present = this.members.filter(({ isOver }) => !isOver)
    await Promise.all(present.map(({ task, hooks }) => tellEvent(event, task.job, hooks)))
  }

  /** Each job gets a preview of its own picture. */
  private async tellPreviews(event: PreviewEvent): Promise<void> {
    const isDue = ({ isOver, task }: HostedJob) => !isOver && isPreviewDue(event, task.job)
    if (!this.members.some(isDue)) return
    const images = await event.images()
    for (const [i, member] of this.members.entries()) {
      const own = { ...event, images: async () => images.slice(i, i + 1) }
      if (isDue(member)) await tellEvent(own, member.task.job, member.hooks)
    }
  }
}
