/** What the compiler knows of pipelines, containers and events. Nothing here runs. */
import {
  ComponentContainer,
  type In,
  Input,
  ModularPipelineBlocks,
  type Out,
  Output,
  type PipelineEvent,
  type PipelineState,
  SequentialPipelineBlocks,
} from '../../src'

class Leaf extends ModularPipelineBlocks {
  @Input() x!: In<number>
  readonly constant = 7
  run(): void {}
}

export async function calls(): Promise<unknown> {
  const pipe = new Leaf().initPipeline()
  const state: PipelineState = await pipe({ x: 1 })
  const one: number = await pipe<number>({ x: 1 }, { output: 'x' })
  const several: Record<string, number> = await pipe<number>({ x: 1 }, { output: ['x'] })
  const inferred: number = await pipe({ x: 1 }, { output: 'x' })
  const open: unknown = await pipe({ x: 1 }, { output: 'x' })
  // @ts-expect-error: an output has a name
  await pipe({ x: 1 }, { output: 5 })
  // @ts-expect-error: there is no such option
  await pipe({ x: 1 }, { outputs: 'x' })
  // @ts-expect-error: inputs are passed by name
  await pipe('red apple')
  const constant: number = pipe.blocks.constant
  return [state, one, several, inferred, open, constant]
}

class Named extends ModularPipelineBlocks {
  @Input() prompt!: In<string, 'required'>
  @Output() image!: Out<number[]>
  run(): void {}
}

export async function goingOn(state: PipelineState): Promise<unknown> {
  const pipe = new Named().initPipeline()
  const image: number[] | undefined = await pipe({}, { state, resume: true, output: 'image' })
  const said: string[] = await pipe<string[]>({}, { state, output: 'image' })
  const after: PipelineState = await pipe({ prompt: 'b' }, { state })
  // @ts-expect-error: without a state, the prompt must be passed
  await pipe({}, { output: 'image' })
  // @ts-expect-error: there is no such input
  await pipe({ promt: 'b' }, { state, output: 'image' })
  return [image, said, after]
}

export function parts(): SequentialPipelineBlocks {
  // @ts-expect-error: a function is no block
  SequentialPipelineBlocks.fromBlocksDict({ a: () => 1 })
  // @ts-expect-error: the description is a text
  SequentialPipelineBlocks.fromBlocksDict({ a: Leaf }, { description: 5 })
  return SequentialPipelineBlocks.fromBlocksDict({ a: Leaf, b: new Leaf() }, { description: 'Two leaves.' })
}

export function container(): ComponentContainer {
  const container = ComponentContainer.create()
  container.register('scale', { useValue: 7.5 })
  container.register('date', { useClass: Date })
  container.register('later', { useFactory: async own => own.resolve('date') }, { scope: 'run' })
  // @ts-expect-error: an instance is no class
  container.register('date', { useClass: new Date() })
  // @ts-expect-error: there is no such scope
  container.register('date', { useClass: Date }, { scope: 'process' })
  return container
}

export function text(event: PipelineEvent): string {
  switch (event.type) {
    case 'runStart':
      return event.block
    case 'blockStart':
    case 'blockEnd':
      return event.path.join()
    case 'loopStart':
      return String(event.total)
    case 'loopStep':
      return `${event.step} of ${event.total ?? '?'}`
    case 'preview':
      return `${event.step}: ${event.images.length}`
    case 'warning':
      // @ts-expect-error: a warning has no step
      return event.message + event.step
    case 'runEnd':
      return String(event.duration)
  }
}
