/** What the compiler knows of the helpers for tests. Nothing here runs: each line marked below must be an error for the type check to pass. */
import * as globals from '@jest/globals'
import {
  type BlockSource,
  type In,
  Input,
  ModularPipelineBlocks,
  type Out,
  Output,
  SequentialPipelineBlocks,
} from '../../src'
import { runBlock } from '../../testing'

class Half extends ModularPipelineBlocks {
  @Input() x!: In<number, 'required'>
  @Input({ default: 2 }) by!: In<number>
  @Output() half!: Out<number>
  run(): void {}
}

class Free extends ModularPipelineBlocks {
  @Input({ default: 2 }) by!: In<number>
  @Output() half!: Out<string>
  run(): void {}
}

export async function runs(): Promise<unknown> {
  const { half } = await runBlock(Half, { inputs: { x: 1 }, seed: 1 })
  const number: number = half
  const text: string = (await runBlock(new Free())).half
  // @ts-expect-error: x must be passed
  await runBlock(Half, { inputs: { by: 1 } })
  // @ts-expect-error: x must be passed
  await runBlock(Half)
  // @ts-expect-error: x is a number
  await runBlock(Half, { inputs: { x: '1' } })
  // @ts-expect-error: no output has this name
  ;(await runBlock(Half, { inputs: { x: 1 } })).third
  const made = await runBlock(SequentialPipelineBlocks.fromBlocksDict({ half: Half }), { inputs: { x: 1 } })
  const ofPart: number = made.half
  const anyPart: BlockSource = Half
  const any = await runBlock(SequentialPipelineBlocks.fromBlocksDict({ half: anyPart }), { inputs: { x: '1' } })
  return [number, text, ofPart, any.anything]
}

export async function expectations(): Promise<void> {
  expect(Half).toWire()
  expect(Half).not.toRequireInputs(['y'])
  expect([1]).toBeCloseToTensor({ shape: [1], values: [1] }, { atol: 1 })
  const none: void = expect(() => 5).toLeakNoTensors()
  const later: Promise<void> = expect(async () => 5).toLeakNoTensors()
  await globals.expect(async () => 5).toLeakNoTensors()
  globals.expect(Half).toProduceOutputs(['half'])
  // @ts-expect-error: names are a list
  expect(Half).toProduceOutputs('half')
  // @ts-expect-error: a tolerance has two parts
  expect([1]).toBeCloseToTensor([1], { digits: 5 })
  return void [none, later]
}
