import { StableDiffusionAutoBlocks } from '../../../index'
import { MissingInputs } from '../../../server/http/missing-inputs'

const blocks = new StableDiffusionAutoBlocks()

/** What following the blocks for each request says. */
function followed(inputs: Readonly<Record<string, unknown>>): string[] {
  const missing = blocks
    .explain(inputs)
    .inputs.filter(({ required, certain, sources }) => required && certain && sources.length === 0)
  return [...new Set(missing.map(({ input }) => input))]
}

test.each([
  [{}],
  [{ prompt: 'red apple' }],
  [{ prompt: 'red apple', width: 64 }],
  [{ prompt: 'red apple', maskImage: 'x' }],
  [{ prompt: 'red apple', image: 'x', maskImage: 'y' }],
  [{ image: 'x'.repeat(250) }],
])('what %j leaves out is the same the second time, and what following the blocks finds', inputs => {
  const missing = new MissingInputs(blocks)
  missing.of({ prompt: 'green car' })
  expect(missing.of(inputs)).toEqual(followed(inputs))
  expect(missing.of(inputs)).toEqual(followed(inputs))
})

test('blocks are followed once for requests that differ in texts alone', () => {
  const missing = new MissingInputs(blocks)
  expect(missing.of({ prompt: 'green car', width: 8 })).toBe(missing.of({ width: 64, prompt: 'red apple' }))
  expect(missing.of({ prompt: 'green car' })).not.toBe(missing.of({ prompt: 'green car', width: 64 }))
})
