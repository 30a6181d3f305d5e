/** States of many values let the event loop run while they are saved and loaded. */
import { jsonTextLoop } from '../../../src/format/json-text'
import { parseJsonAsync, refusalLoop } from '../../../src/format/parse-json'
import { runAtOnce, runInSlices } from '../../../src/runtime/time-slice'
import { decodeValue, encodeValue } from '../../../src/state/encode-value'
import { ticksDuring } from '../runtime/ticks-during'

/** Enough values for some slices of each loop. */
const COUNT = 250_000
const list = Array.from({ length: COUNT }, (_, i) => (i % 3 === 0 ? { key: i } : i % 3 === 1 ? `text ${i}` : i))

test('a long value is made out, written, looked at and made again in slices', async () => {
  const encoded = await encodeValue(list)
  const text = JSON.stringify(encoded.json)
  const work: readonly (() => Promise<unknown>)[] = [
    () => encodeValue(list),
    () => runInSlices(jsonTextLoop(encoded.json)),
    () => runInSlices(refusalLoop(text.repeat(4), 10 * COUNT)),
    () => decodeValue(encoded),
  ]
  for (const one of work) expect(await ticksDuring(one)).toBeGreaterThanOrEqual(2)
  expect(await decodeValue(encoded)).toEqual(list)
  expect(await parseJsonAsync(text, 10 * COUNT)).toEqual(encoded.json)
  await expect(parseJsonAsync(text, COUNT)).rejects.toThrow(/more than 250000 values/)
})

test.each([
  ['nothing', null],
  ['a text', 'a "quoted" text\n'],
  ['a list', [1, -0.5, true, null, [], {}, [[]], { a: { 'b"': [1, 'x'] } }]],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1, b: [] })],
  ['a long list', Array.from({ length: 5000 }, (_, i) => i)],
])('the text of %s is that of JSON.stringify()', (_, value: unknown) => {
  expect(runAtOnce(jsonTextLoop(value))).toBe(JSON.stringify(value))
})
