/** Leaves parts of transformer blocks out. Counterpart: hooks/layer_skip.py */
import { z } from 'zod'
import { mapKeys, toCamelCase } from '../../../src/format/wire-names'
import type { Module } from '../../nn/module'
import type { Generator } from '../../random/generator'
import * as tf from '../../tensors/tf'
import { Attention } from '../layers/attention'
import { FeedForward } from '../layers/feed-forward'
import { dropout } from './dropout'
import { stackedBlocks } from './layer-stack'
import type { HookedForward, ModuleHook } from './module-hook'

/** A number, or a list of them. */
export const layerIndices = z.union([
  z
    .int()
    .min(0)
    .transform(index => [index]),
  z.array(z.int().min(0)).min(1),
])

/** Which blocks of a model are concerned. */
export const layerStackSettings = {
  /** Places of the blocks in their stack. */
  indices: layerIndices,
  /** State-dict name of the stack, e.g. `down_blocks.1.attentions.0.transformer_blocks`; `auto` is the middle of a UNet. */
  fqn: z.string().default('auto'),
}

const settings = z
  .strictObject({
    ...layerStackSettings,
    /** Leave attention of the tokens to themselves out. */
    skipAttention: z.boolean().default(true),
    /** Let each token attend to itself alone. */
    skipAttentionScores: z.boolean().default(false),
    /** Leave the feed-forward parts out. With `skipAttention` the whole block. */
    skipFf: z.boolean().default(true),
    /** Share of the outputs to drop at random; 1 leaves the parts out for good. */
    dropout: z.number().min(0).max(1).default(1),
  })
  .superRefine(({ dropout: share, skipAttention, skipAttentionScores }, context) => {
    const problem = (message: string) =>
      context.addIssue({ code: 'custom', path: ['skipAttentionScores'], message: `is true, but ${message}` })
    if (!skipAttentionScores) return
    if (skipAttention) problem('skip_attention is true as well; only one of them may be')
    if (share !== 1) problem(`dropout is ${share}; with scores it must be 1`)
  })

/** Which parts of which blocks are skipped, in camelCase or snake_case. */
export const layerSkipConfig = camelCased(settings)

/** Settings of {@link layerSkipHooks}. */
export type LayerSkipConfig = z.output<typeof settings>

/** Returns the settings that skip blocks of the model's own stack. */
export function skipLayers(indices: readonly number[], changes: Partial<LayerSkipConfig> = {}): LayerSkipConfig {
  return layerSkipConfig.parse({ ...changes, indices })
}

/** An object by a schema with camelCase keys, whose own may be in snake_case, as in files. */
export function camelCased<S extends z.ZodObject>(schema: S) {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
  const respelled = z.preprocess(
    value => (isObject(value) && !Array.isArray(value) ? mapKeys(value, toCamelCase) : value),
    schema,
  )
  // A preprocessed schema takes anything; this one is meant for what the schema takes.
  return respelled as unknown as z.ZodType<z.output<S>, z.input<S>>
}

/**
 * Returns hooks that skip parts of blocks.
 *
 * @param generator draws which outputs are dropped; unused where parts are left out for good
 * @throws ModelHookError if the model has no such blocks
 */
export function layerSkipHooks(model: Module, config: LayerSkipConfig, generator: Generator): ModuleHook[] {
  const { indices, fqn, skipAttention, skipAttentionScores, skipFf, dropout: share } = config
  const skip = (module: string): ModuleHook => ({
    name: `skip(${share})`,
    module,
    ...(share < 1 && { numbers: [...generator.rand([1])] }),
    forward: hooked => (share < 1 ? dropped(hooked, share) : hooked.args[0]),
  })
  return stackedBlocks(model, fqn, indices).flatMap(block => [
    ...(skipAttention && skipFf ? [skip(block.name)] : []),
    ...partsOf(block, isSelfAttention).flatMap(name => {
      if (skipAttentionScores) return [{ name: 'skipScores', module: name, forward: valuesOnly }]
      return skipAttention && !skipFf ? [skip(name)] : []
    }),
    // Where the whole block is left out for good, what it consists of is never computed.
    ...(skipFf && !(skipAttention && share === 1) ? partsOf(block, isFeedForward).map(skip) : []),
  ])
}

/** The names of parts of a block. */
export function partsOf(block: { name: string; module: Module }, is: (module: Module) => boolean): string[] {
  return [...block.module.namedModules(`${block.name}.`)].filter(([, module]) => is(module)).map(([name]) => name)
}

/** Whether a module is attention of tokens to themselves. */
export function isSelfAttention(module: Module): module is Attention {
  return module instanceof Attention && !module.isCrossAttention
}

function isFeedForward(module: Module): boolean {
  return module instanceof FeedForward
}

/** Attention in which each token sees itself alone: the values, projected. */
function valuesOnly({ module, args: [hiddenStates] }: HookedForward): tf.Tensor3D {
  const { toV, toOut } = module as Attention // It was looked for.
  return tf.tidy(() => toOut[0].forward(toV.forward(hiddenStates as tf.Tensor3D)))
}

function dropped({ run, args, numbers }: HookedForward, share: number): tf.Tensor {
  return tf.tidy(() => dropout(run(...args) as tf.Tensor, share, numbers[0] as tf.Tensor1D)) // One number was given.
}
