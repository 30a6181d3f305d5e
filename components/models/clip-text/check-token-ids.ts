/** Checks ids of tokens before a text model looks them up. */
import type * as tf from '../../tensors/tf'
import type { ModuleHook } from '../hooks/module-hook'
import { ModelInputError } from '../model-input-error'

/** A hook of a text model's table of tokens that has vectors for further tokens. */
export interface TokenTableHook extends ModuleHook {
  /** Their ids: `count` from `first` on. */
  readonly furtherTokens: { readonly first: number; readonly count: number }
}

/** What a text model, called with hooks, has embeddings for. */
export interface KnownTokens {
  /** Rows of the model's own table. */
  readonly vocabSize: number
  /** Hooks of the call, which may add embeddings. */
  readonly hooks?: readonly ModuleHook[] | undefined
}

/** Returns whether a token has an embedding. A block that adds words needs it. */
export function hasEmbedding(id: number, { vocabSize, hooks = [] }: KnownTokens): boolean {
  if (id >= 0 && id < vocabSize) return true
  return hooks.some(hook => {
    if (!('furtherTokens' in hook)) return false
    const { first, count } = (hook as TokenTableHook).furtherTokens
    return id >= first && id < first + count
  })
}

/** @throws ModelInputError for an id that has no embedding: executors would fail with words of their own */
export async function checkTokenIds(model: string, inputIds: tf.Tensor2D, known: KnownTokens): Promise<void> {
  for (const id of await inputIds.data()) {
    if (hasEmbedding(id, known)) continue
    throw new ModelInputError(
      model,
      'inputIds',
      `holds the token ${id}; the model has embeddings for 0 to ${known.vocabSize - 1}`,
    )
  }
}
