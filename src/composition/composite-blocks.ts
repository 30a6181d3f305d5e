/** What all blocks made of other blocks have in common: the parts, how they are named, and how they are changed. */
import { CompositionError } from '../errors/composition-error'
import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { OutputParam } from '../params/output-param'
import { addDistinct, combineOutputs } from '../wiring/combine'
import { type BlockSource, toBlock } from './block-source'
import { InsertableDict } from './insertable-dict'
import { ModularPipelineBlocks } from './modular-pipeline-blocks'

/** Options of `fromBlocksDict`. */
export interface FromBlocksDictOptions {
  /** What the result does, in place of the description of its class. */
  description?: string
}

/** A block whose declarations follow from those of its parts, whenever they are asked for. */
export abstract class CompositeBlocks extends ModularPipelineBlocks {
  private parts: InsertableDict<ModularPipelineBlocks> | undefined
  private ownDescription: string | undefined

  /** Classes or instances of the parts. By default those of the decorated fields; override it together with {@link blockNames}. */
  protected get blockClasses(): readonly BlockSource[] {
    return this.blockNames.map(name => {
      const source = (this as unknown as Record<string, BlockSource | undefined>)[name]
      if (source === undefined) throw new CompositionError(this.constructor.name, `the field "${name}" holds no block.`)
      return source
    })
  }

  /** Names of the parts, in order. By default the names of the decorated fields. */
  protected get blockNames(): readonly string[] {
    return [...this.declarations.steps.keys()]
  }

  /**
   * The parts. Changing this map changes the block, and all that follows from its parts, at once.
   * @throws CompositionError when names and blocks do not fit together
   */
  override get subBlocks(): InsertableDict<ModularPipelineBlocks> {
    // Made on first use: the fields of a subclass are not there yet when this class's constructor runs.
    if (this.parts === undefined) {
      this.checkComposition()
      const names = this.blockNames
      const sources = this.blockClasses
      this.parts = new InsertableDict(names.map((name, i) => [name, toBlock(sources[i] as BlockSource)]))
    }
    return this.parts
  }

  /** Refuses lists that contradict each other. */
  protected checkComposition(): void {
    const [names, sources] = [this.blockNames.length, this.blockClasses.length]
    if (names !== sources) {
      throw new CompositionError(
        this.constructor.name,
        `blockNames and blockClasses must be of one length, but there are ${names} names and ${sources} classes.`,
      )
    }
  }

  /** Makes a block of this class out of the given parts: classes and instances may be mixed. */
  static fromBlocksDict<T extends CompositeBlocks>(
    this: new () => T,
    blocks: Readonly<Record<string, BlockSource>>,
    options: FromBlocksDictOptions = {},
  ): T {
    const composite = new this()
    composite.parts = new InsertableDict(Object.entries(blocks).map(([name, source]) => [name, toBlock(source)]))
    composite.ownDescription = options.description
    return composite
  }

  override get description(): string {
    return this.ownDescription ?? super.description
  }

  override get expectedComponents(): readonly ComponentSpec[] {
    return [...this.subBlocks.values()].reduce<ComponentSpec[]>(
      (all, block) => addDistinct(all, block.expectedComponents),
      [],
    )
  }

  override get expectedConfigs(): readonly ConfigSpec[] {
    return [...this.subBlocks.values()].reduce<ConfigSpec[]>(
      (all, block) => addDistinct(all, block.expectedConfigs),
      [],
    )
  }

  override get intermediateOutputs(): readonly OutputParam[] {
    return combineOutputs([...this.subBlocks.values()].map(block => block.intermediateOutputs))
  }

  /** A copy with one more part, at an index that may count from the end; by default last. */
  insert(name: string, block: BlockSource, index = this.subBlocks.size): this {
    return this.edited(parts => parts.insert(name, toBlock(block), index))
  }

  /** A copy without a part.
   * @throws CompositionError if there is none of that name */
  remove(name: string): this {
    this.requirePart(name)
    return this.edited(parts => parts.delete(name))
  }

  /** A copy with another block in the place of a part.
   * @throws CompositionError if there is none of that name */
  replace(name: string, block: BlockSource): this {
    this.requirePart(name)
    return this.edited(parts => parts.set(name, toBlock(block)))
  }

  override clone(): this {
    const copy = super.clone()
    copy.parts = new InsertableDict([...this.subBlocks].map(([name, block]) => [name, block.clone()]))
    return copy
  }

  private edited(edit: (parts: InsertableDict<ModularPipelineBlocks>) => void): this {
    const copy = this.clone()
    edit(copy.subBlocks)
    return copy
  }

  private requirePart(name: string): void {
    if (this.subBlocks.has(name)) return
    throw new CompositionError(
      this.constructor.name,
      `there is no block "${name}"; there are ${[...this.subBlocks.keys()].join(', ')}.`,
    )
  }
}
