/**
 * What a pipeline has put on top of its models: LoRAs, image prompt adapters, words. It belongs to the pipeline, so pipelines that share a model do not see each
 * other's.
 */
import type { RunScoped } from '../../src/container/run-scoped'
import type { ModuleHook } from '../models/hooks/module-hook'
import type { PretrainedModel } from '../models/pretrained-model'
import type { CLIPTokenizer } from '../tokenizers/clip-tokenizer'
import type { SharedWeights } from './shared-weights'

/** Adapters of one kind, as they are at one time. Never changed: loading an adapter, or setting its weight, makes another one. */
export interface AdapterSet {
  /** The weights that its hooks compute with. They stay loaded as long as a pipeline or a run holds the set. */
  readonly weights: readonly SharedWeights[]
  /**
   * The hooks for the calls of one model. Numbers that may be changed between calls are numbers of the hooks, so that changing one makes no new session.
   *
   * @throws a typed error if they do not fit the model
   */
  hooksFor(call: AdaptedCall): readonly ModuleHook[]
  /**
   * The tokenizer to use for a text encoder in place of the pipeline's, if the set adds words.
   *
   * @param component - name of the text encoder
   * @throws a typed error if the words do not fit the tokenizer
   */
  tokenizerFor?(component: string, tokenizer: CLIPTokenizer): CLIPTokenizer
}

/** The call of a model that adapters are asked for. */
export interface AdaptedCall {
  /** Name of the component: `unet`, `textEncoder`. */
  readonly component: string
  /** The model that is called. */
  readonly model: PretrainedModel
  /** Factor on the weights of all LoRAs. */
  readonly scale: number
  /** What adapters are given in this call beside the inputs of the model, by name: the tokens of pictures. */
  readonly inputs: Readonly<Record<string, unknown>>
}

/** What may differ between the calls of one model. */
export interface AdaptedCallOptions {
  /** Factor on the weights of all LoRAs. Default: 1. */
  readonly scale?: number | undefined
  /** {@link AdaptedCall.inputs}. Default: none. */
  readonly inputs?: Readonly<Record<string, unknown>> | undefined
}

/**
 * The adapters of a pipeline, one {@link AdapterSet} for each kind. Blocks that call a model ask for it as a component, and add {@link hooksFor} to the hooks of the
 * call. A run works with the adapters of the moment in which it began: loading and changing adapters does not touch it.
 */
export class Adapters implements RunScoped {
  static readonly className: string = 'Adapters'

  private constructor(private readonly sets: Map<string, AdapterSet>) {}

  /** None yet. */
  static fromConfig(): Adapters {
    return new Adapters(new Map())
  }

  /** Returns the set of a kind: `lora`. */
  get<S extends AdapterSet>(kind: string): S | undefined {
    return this.sets.get(kind) as S | undefined // Each kind has one class of sets.
  }

  /** Puts a set in the place of that of its kind, for the runs that begin afterwards; `undefined` takes it away. */
  set(kind: string, set: AdapterSet | undefined): void {
    const former = this.sets.get(kind)
    for (const weights of set?.weights ?? []) weights.retain()
    if (set === undefined) this.sets.delete(kind)
    else this.sets.set(kind, set)
    for (const weights of former?.weights ?? []) weights.release()
  }

  /** Whether the pipeline has no adapters. */
  get isEmpty(): boolean {
    return this.sets.size === 0
  }

  /**
   * Returns the hooks for the calls of one model. They come before those that change what whole layers compute, which then change what adapters give.
   *
   * @param component - its name: `unet`
   * @throws what the adapters throw if they do not fit the model
   */
  hooksFor(
    component: string,
    model: PretrainedModel,
    { scale = 1, inputs = {} }: AdaptedCallOptions = {},
  ): ModuleHook[] {
    return [...this.sets.values()].flatMap(set => set.hooksFor({ component, model, scale, inputs }))
  }

  /**
   * Returns the tokenizer for the texts of one text encoder: the given one, or one that knows the words which adapters add.
   *
   * @param component - name of the text encoder
   * @throws what the adapters throw if they do not fit the tokenizer
   */
  tokenizerFor(component: string, tokenizer: CLIPTokenizer): CLIPTokenizer {
    return [...this.sets.values()].reduce((known, set) => set.tokenizerFor?.(component, known) ?? known, tokenizer)
  }

  /** The adapters as they are now, for one run. */
  forRun(): this {
    for (const set of this.sets.values()) for (const weights of set.weights) weights.retain()
    return new Adapters(new Map(this.sets)) as this // Subclasses cannot exist: the constructor is private.
  }

  /** Nothing of them is remembered between two steps. */
  saveRun(): Readonly<Record<string, unknown>> {
    return {}
  }

  /** A run continues with the adapters that the pipeline has when it is resumed. */
  restoreRun(): this {
    return this
  }

  /** Gives the weights back that nobody else holds. */
  dispose(): void {
    for (const kind of [...this.sets.keys()]) this.set(kind, undefined)
  }
}
