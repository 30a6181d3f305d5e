/** What all blocks made of other blocks have in common: the parts, how they are named, and how they are changed. */

import type { AfterLoad } from '../decorators/declarations'
import { CompositionError } from '../errors/composition-error'
import type { ModularError } from '../errors/modular-error'
import { classNameOf } from '../format/class-name'
import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { OutputParam } from '../params/output-param'
import type { MadeOf, WithoutPart, WithPart } from '../params/typed-io'
import { addComponents, addDistinct, combineOutputs, treatAfterLoad } from '../wiring/combine'
import { type BlockSource, toBlock } from './block-source'
import { InsertableDict } from './insertable-dict'
import { joinRequirements, type Requirements } from './join-requirements'
import { ModularPipelineBlocks } from './modular-pipeline-blocks'

/** Options of `fromBlocksDict`. */
export interface FromBlocksDictOptions {
  /** What the result does, in place of the description of its class. */
  description?: string
}

/** A block whose declarations follow from those of its parts, whenever they are asked for. */
export abstract class CompositeBlocks extends ModularPipelineBlocks {
  static override readonly className: string = 'CompositeBlocks'

  private parts: InsertableDict<ModularPipelineBlocks> | undefined
  private givenNames: readonly string[] | undefined

  /** Classes or instances of the parts. By default those of the decorated fields; override it together with {@link blockNames}. */
  protected get blockClasses(): readonly BlockSource[] {
    return this.blockNames.map(name => (this as unknown as Record<string, BlockSource>)[name] as BlockSource)
  }

  /** Names of the parts, in order. By default the names of the decorated fields. */
  protected get blockNames(): readonly string[] {
    return [...this.declarations.steps.keys()]
  }

  /** Names under which the parts were put together; later changes of {@link subBlocks} do not count. */
  protected get composedNames(): readonly string[] {
    return this.givenNames ?? this.blockNames
  }

  /**
   * The parts. Changing this map changes the block, and all that follows from its parts, at once.
   * @throws CompositionError when names and blocks do not fit together
   */
  override get subBlocks(): InsertableDict<ModularPipelineBlocks> {
    // Made on first use: the fields of a subclass are not there yet when this class's constructor runs.
    if (this.parts === undefined) {
      this.checkComposition()
      const sources = this.blockClasses
      this.parts = this.makeParts(this.blockNames.map((name, i) => [name, sources[i]]))
    }
    return this.parts
  }

  /** Refuses lists that contradict each other. */
  protected checkComposition(): void {
    const [names, sources] = [this.blockNames.length, this.blockClasses.length]
    if (names !== sources) {
      throw new CompositionError(
        classNameOf(this),
        `blockNames and blockClasses must be of the same length, but there are ${names} names and ${sources} classes.`,
      )
    }
  }

  /** Its own family, or that of the first of its parts that has one. */
  protected override defaultModelName(): string | undefined {
    const own = super.defaultModelName()
    if (own !== undefined) return own
    for (const block of this.subBlocks.values()) if (block.modelName !== undefined) return block.modelName
    return undefined
  }

  /** Refuses given parts that contradict what the class states of them. */
  protected checkGiven(): void {}

  /** Makes a block of this class out of the given parts: classes and instances may be mixed.
   * @throws CompositionError for an entry that holds no block, or for parts that contradict what the class states */
  static fromBlocksDict<T extends CompositeBlocks, const P extends Readonly<Record<string, BlockSource>>>(
    this: new () => T,
    blocks: P,
    options: FromBlocksDictOptions = {},
  ): MadeOf<T, P> {
    const composite = new this()
    composite.givenNames = Object.keys(blocks)
    composite.parts = composite.makeParts(Object.entries(blocks))
    composite.checkGiven()
    if (options.description !== undefined) Object.assign(composite, { description: options.description })
    return composite as unknown as MadeOf<T, P>
  }

  override get expectedComponents(): readonly ComponentSpec[] {
    const ofParts = [...this.subBlocks.values()].reduce<ComponentSpec[]>(
      (all, block) => addComponents(all, block.expectedComponents),
      [],
    )
    return treatAfterLoad(ofParts, this.afterLoad)
  }

  /** Its own, and those of its parts: blocks that belong to no family are treated like those beside them. */
  override get afterLoad(): AfterLoad {
    const ofParts = [...this.subBlocks.values()].map(block => block.afterLoad)
    return Object.assign({}, ...ofParts.reverse(), super.afterLoad)
  }

  override get expectedConfigs(): readonly ConfigSpec[] {
    return [...this.subBlocks.values()].reduce<ConfigSpec[]>(
      (all, block) => addDistinct(all, block.expectedConfigs),
      [],
    )
  }

  override get requirements(): Requirements {
    return joinRequirements([super.requirements, ...[...this.subBlocks.values()].map(block => block.requirements)])
  }

  override get intermediateOutputs(): readonly OutputParam[] {
    return combineOutputs([...this.subBlocks.values()].map(block => block.intermediateOutputs))
  }

  /** A copy with one more part, at an index that may count from the end; by default last. */
  // Of a parameter, not of `this`: see initPipeline().
  insert<B extends CompositeBlocks, const N extends string, S extends BlockSource>(
    this: B,
    name: N,
    block: S,
    index = this.subBlocks.size,
  ): WithPart<B, N, S> {
    return this.edited(parts => parts.insert(name, this.toPart(name, block), index)) as WithPart<B, N, S>
  }

  /** A copy without a part.
   * @throws CompositionError if no part has that name */
  remove<B extends CompositeBlocks, const N extends string>(this: B, name: N): WithoutPart<B, N> {
    this.requirePart(name)
    return this.edited(parts => parts.delete(name)) as WithoutPart<B, N>
  }

  /** A copy with another block in the place of a part.
   * @throws CompositionError if no part has that name */
  replace<B extends CompositeBlocks, const N extends string, S extends BlockSource>(
    this: B,
    name: N,
    block: S,
  ): WithPart<B, N, S> {
    this.requirePart(name)
    return this.edited(parts => parts.set(name, this.toPart(name, block))) as WithPart<B, N, S>
  }

  override findFault(_path: readonly string[], _inLoop: boolean): ModularError | undefined {
    return undefined
  }

  override clone(): this {
    const copy = super.clone()
    copy.parts = new InsertableDict([...this.subBlocks].map(([name, block]) => [name, block.clone()]))
    return copy
  }

  private makeParts(
    entries: readonly (readonly [string, BlockSource | undefined])[],
  ): InsertableDict<ModularPipelineBlocks> {
    return new InsertableDict(
      entries.map(([name, source]) => {
        if (source !== undefined) return [name, this.toPart(name, source)]
        const causes = 'its field is undefined, or two files import each other'
        throw new CompositionError(classNameOf(this), `"${name}" is not a block: ${causes}.`)
      }),
    )
  }

  private toPart(name: string, source: BlockSource): ModularPipelineBlocks {
    return toBlock(source, { of: classNameOf(this), name })
  }

  private edited(edit: (parts: InsertableDict<ModularPipelineBlocks>) => void): unknown {
    const copy = this.clone()
    edit(copy.subBlocks)
    return copy
  }

  private requirePart(name: string): void {
    if (this.subBlocks.has(name)) return
    throw new CompositionError(
      classNameOf(this),
      `there is no block "${name}"; there are ${[...this.subBlocks.keys()].join(', ')}.`,
    )
  }
}
