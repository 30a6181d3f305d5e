/** Writes a program that makes a large tree of blocks and calls it, as text. */

/** What every leaf declares: it reads what the one before writes, and some of its own. */
function leaf(i: number): string {
  return `
class Leaf${i} extends ModularPipelineBlocks {
  @Input() value${i}!: In<Value, 'required'>
  @Input(z.number().default(1)) scale${i}!: In<number>
  @Input() shared${i % 10}!: In<string | undefined>
  @Input() @Output() latents!: InOut<Value>
  @Output() value${i + 1}!: Out<Value>
  @Output() counts${i}!: Out<number[]>
  @LoopStep()
  run(): void {
    this.latents = this.value${i}
    this.value${i + 1} = this.latents
    this.counts${i} = [this.scale${i}]
  }
}`
}

/** Composites: each ten leaves are a sequence, a loop or a choice in turn, and each two of those a sequence. */
function composites(leaves: number): string {
  const field = (decorator: string, name: string) => `  @${decorator} ${name.toLowerCase()} = slot(${name})`
  const tens = Array.from({ length: Math.ceil(leaves / 10) }, (_, i) => {
    const names = Array.from({ length: Math.min(10, leaves - i * 10) }, (_, j) => `Leaf${i * 10 + j}`)
    const fields = (decorator: string) => names.map(name => field(decorator, name)).join('\n')
    if (i % 3 === 0) return `class Ten${i} extends SequentialPipelineBlocks {\n${fields('Step()')}\n}`
    if (i % 3 === 1)
      return `class Ten${i} extends LoopSequentialPipelineBlocks {\n${fields('LoopStep()')}\n  run(): void {}\n}`
    return `class Ten${i} extends AutoPipelineBlocks {\n${fields("Branch({ when: 'shared1' })")}\n}`
  })
  const pairs = Array.from({ length: Math.ceil(tens.length / 2) }, (_, i) => {
    const members = [i * 2, i * 2 + 1].filter(ten => ten < tens.length)
    const fields = members.map(ten => field('Step()', `Ten${ten}`)).join('\n')
    return `class Pair${i} extends SequentialPipelineBlocks {\n${fields}\n}`
  })
  const whole = pairs.map((_, i) => field('Step()', `Pair${i}`)).join('\n')
  return [...tens, ...pairs, `class Whole extends SequentialPipelineBlocks {\n${whole}\n}`].join('\n')
}

const CALLS = `
export async function calls(): Promise<unknown> {
  const pipe = new Whole().initPipeline()
  const value: Value = await pipe({ value0: new Value(), scale3: 5, shared1: 'a' }, { output: 'value7', seed: 1 })
  const { latents, counts5 } = await pipe({ value0: new Value() }, { output: ['latents', 'counts5'] })
  const lengths: number[] = counts5
  // @ts-expect-error: a scale is a number
  await pipe({ value0: new Value(), scale3: 'a' })
  // @ts-expect-error: a name is misspelt
  await pipe({ value0: new Value(), scael3: 5 })
  // @ts-expect-error: nobody writes the first value
  await pipe({ scale3: 5 })
  return [value, latents, lengths]
}
`

/** The program: imports alone (0 leaves), or a tree of so many leaves, which is also called if `called`. */
export function largeTree(leaves: number, called: boolean): string {
  const imports = `import { AutoPipelineBlocks, type BlockSource, Branch, type In, type InOut, Input, LoopSequentialPipelineBlocks, LoopStep,
  ModularPipelineBlocks, type Out, Output, SequentialPipelineBlocks, Step, slot } from 'tesserae'
import { z } from 'zod'
export class Value { readonly kind = 'value' }
export const imported = { AutoPipelineBlocks, Branch, Input, LoopSequentialPipelineBlocks, LoopStep, ModularPipelineBlocks, Output, SequentialPipelineBlocks, Step, slot, z }
export type Imported = [BlockSource, In<1>, Out<1>, InOut<1>]
`
  if (leaves === 0) return imports
  const classes = Array.from({ length: leaves }, (_, i) => leaf(i)).join('\n')
  return `${imports}${classes}\n${composites(leaves)}\nexport const tree = Whole\n${called ? CALLS : ''}`
}
