/** Previews that steps of loops offer. */
import {
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  Output,
  type PreviewEvent,
  PreviewExpiredError,
  type PreviewImage,
} from '../../../src'
import { failure } from '../fixtures/failures'

/** A picture of one pixel. */
const pixel = (value: number): PreviewImage => ({
  width: 1,
  height: 1,
  channels: 1,
  data: Uint8Array.of(value),
  save: async () => undefined,
})

/** How often pictures were made, and whether all were made before the next value. */
let made: number[] = []
let unfinished = 0

class Count extends ModularPipelineBlocks {
  @Input() @Output() x!: InOut<number>

  @LoopStep()
  async step() {
    const { x } = this
    await this.context.preview(async () => {
      unfinished++
      await new Promise(setImmediate)
      made.push(x)
      unfinished--
      return [pixel(x)]
    })
    expect(unfinished).toBe(0)
    this.x += 1
  }
}

class Loop extends LoopSequentialPipelineBlocks {
  @Input() steps!: In<number>

  @LoopStep() count = Count

  async run() {
    for (let i = 0; i < this.steps; i++) await this.loopStep({ i }, { total: this.steps })
  }
}

const pipe = new Loop().initPipeline()
const inputs = { steps: 3, x: 5 }
beforeEach(() => {
  made = []
})

test('no picture is made if nobody listens, or if nobody asks for it', async () => {
  expect(await pipe(inputs, { output: 'x' })).toBe(8)
  const seen: string[] = []
  await pipe(inputs, { onEvent: event => void seen.push(event.type) })
  expect(seen.filter(type => type === 'preview')).toHaveLength(3)
  expect(made).toEqual([])
})

test('a preview tells its step, and makes its pictures while the run waits', async () => {
  const seen: [number, number | undefined, readonly string[], number | undefined][] = []
  const onPreview = async ({ step, total, path, images }: PreviewEvent) => {
    if (step !== 2) return
    const [image] = await images()
    seen.push([step, total, path, image?.data[0]])
  }
  await pipe(inputs, { onEvent: event => (event.type === 'preview' ? onPreview(event) : undefined) })
  expect(seen).toEqual([[2, 3, ['count'], 6]])
  expect(made).toEqual([6])
})

test('a listener need not wait for the pictures', async () => {
  const images: Promise<readonly PreviewImage[]>[] = []
  await pipe(inputs, { onEvent: event => void (event.type === 'preview' && images.push(event.images())) })
  expect(made).toEqual([5, 6, 7])
  expect((await Promise.all(images)).map(([image]) => image?.data[0])).toEqual([5, 6, 7])
})

test('a stream waits until its reader has looked at a preview', async () => {
  const values: (number | undefined)[] = []
  for await (const event of pipe.stream(inputs)) {
    if (event.type === 'preview') values.push((await event.images())[0]?.data[0])
  }
  expect(values).toEqual([5, 6, 7])
})

test('pictures are refused once the run has continued', async () => {
  const events: PreviewEvent[] = []
  await pipe(inputs, { onEvent: event => void (event.type === 'preview' && events.push(event)) })
  const error = await failure(PreviewExpiredError, () => (events[1] as PreviewEvent).images())
  expect(String(error)).toContain('The preview of step 2 (count) has expired')
  expect(made).toEqual([])
})

test('a listener that fails ends the run', async () => {
  const onEvent = async ({ type }: { type: string }) => {
    if (type === 'preview') throw new Error('the display is gone')
  }
  expect(String(await failure(Error, () => pipe(inputs, { onEvent })))).toContain('the display is gone')
})
