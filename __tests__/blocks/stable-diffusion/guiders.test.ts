/** Pictures under every guider: the same in one batch and one by one, from a container, and without a tensor left. */
import { BaseGuidance, guiderNames, makeGuider, StableDiffusionTextToImageBlocks } from '../../../index'
import { tensorMemory } from '../../components/tensors/use-leak-check'
import { take, useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel('graph')
// Large enough for attention in the middle of the UNet to have several tokens.
const inputs = { prompt: 'pizza', numInferenceSteps: 3, height: 32, width: 32, outputType: 'tensor' }

/** The pixels that a guider leads to, and how many samples each call of the UNet had. */
async function draw(guider: BaseGuidance, batchConditions?: boolean) {
  const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), { guider })
  const call = jest.spyOn(emoji.unet, 'call')
  const { values: pixels } = take(
    await pipe({ ...inputs, ...(batchConditions !== undefined && { batchConditions }) }, { output: 'images', seed: 1 }),
  )
  const batches = call.mock.calls.map(([{ sample }]) => sample.shape[0])
  call.mockRestore()
  return { pixels, batches }
}

const shortNames = Object.keys(guiderNames).filter(name => name === name.toLowerCase())
/** How many passes the steps have, where it is not two in each. */
const threePasses: Readonly<Record<string, number[]>> = { pag: [2, 3, 3], seg: [2, 3, 3] }

test.each(shortNames)('%s draws the same picture in one batch as one by one, and leaves no tensor', async name => {
  const guider = makeGuider(name)
  const before = tensorMemory()
  const together = await draw(guider, true)
  const apart = await draw(guider, false)
  expect(tensorMemory()).toEqual(before)
  expect(together.pixels).toEqual(apart.pixels.map(pixel => expect.closeTo(pixel, 3)))
  const passes = threePasses[name] ?? [2, 2, 2]
  expect(together.batches).toEqual(passes)
  expect(apart.batches).toEqual(passes.flatMap(count => Array(count).fill(1)))
})

test('guiders lead to different pictures', async () => {
  const pictures = new Set<string>()
  for (const name of ['cfg', 'apg', 'pag', 'seg', 'auto', 'tcfg'])
    pictures.add((await draw(makeGuider(name))).pixels.join())
  expect(pictures.size).toBe(6)
})

test('small models go in one batch by default', async () => {
  expect((await draw(makeGuider('cfg'))).batches).toEqual([2, 2, 2])
})

test('a run continues as it began, whatever becomes of the memory', async () => {
  const hasRoom = jest.spyOn(emoji.unet, 'hasRoomFor')
  let answer = true
  hasRoom.mockImplementation(() => {
    answer = !answer
    return answer
  })
  // The first question is that of the block that makes the models ready.
  expect((await draw(makeGuider('cfg'))).batches).toEqual([2, 2, 2])
  expect(hasRoom).toHaveBeenCalledTimes(2)
  hasRoom.mockRestore()
})

test('a run may have another scale than the pipeline’s guider, which stays as it is', async () => {
  const guider = makeGuider('pag')
  const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), { guider })
  const own = take(await pipe(inputs, { output: 'images', seed: 1 }))
  const other = take(await pipe({ ...inputs, guidanceScale: 2 }, { output: 'images', seed: 1 }))
  expect(take(await pipe(inputs, { output: 'images', seed: 1 }))).toEqual(own)
  expect(other).not.toEqual(own)
})

test('what guiders remember of a run belongs to it: runs at once are as runs alone', async () => {
  const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), { guider: makeGuider('apg') })
  const run = async (seed: number) => take(await pipe(inputs, { output: 'images', seed }))
  const alone = [await run(1), await run(2), await run(3)]
  expect(await Promise.all([1, 2, 3].map(run))).toEqual(alone)
})
