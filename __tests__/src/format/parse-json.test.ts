import { formatJson } from '../../../src/format/json'
import { parseJson } from '../../../src/format/parse-json'

describe('parseJson', () => {
  test('reads what JSON.parse reads', () => {
    const text = '{"a": [1, "\\"[[{", null, {"b": "\\\\"}], "__proto__": {"c": 1}}'
    expect(parseJson(text)).toEqual(JSON.parse(text))
    expect(({} as { c?: number }).c).toBeUndefined()
  })

  test('reads infinities as Python writes them, and leaves texts as they are', () => {
    const text =
      '{"sigma_max": Infinity, "low":\n  -Infinity, "note": "x: \\"Infinity, \\\\", "ends": [-Infinity, Infinity]}'
    expect(parseJson(text)).toEqual({
      sigma_max: Infinity,
      low: -Infinity,
      note: 'x: "Infinity, \\',
      ends: [-Infinity, Infinity],
    })
    for (const wrong of ['{Infinity: 1}', '[1Infinity]', '[Infinity2]'])
      expect(() => parseJson(wrong)).toThrow(SyntaxError)
    expect(parseJson('{"note": "x: Infinity"}')).toEqual({ note: 'x: Infinity' })
  })

  test('reads NaN as Python writes it, and leaves texts as they are', () => {
    const text = '{"a": NaN, "NaN": [NaN, -Infinity, "NaN", "x: NaN"], "b": {"__proto__": NaN}}'
    const value = parseJson(text) as Record<string, unknown>
    expect(value).toMatchObject({ a: Number.NaN, NaN: [Number.NaN, -Infinity, 'NaN', 'x: NaN'] })
    expect(Object.entries(value['b'] as object)).toEqual([['__proto__', Number.NaN]])
    // Python refuses all of these as well.
    for (const wrong of ['{NaN: 1}', '[-NaN]', '[NaN2]', '[1NaN]', '[nan]'])
      expect(() => parseJson(wrong)).toThrow(SyntaxError)
  })

  test('reads what formatJson writes', () => {
    const value = { a: Number.NaN, b: [-Infinity, Infinity, 'NaN'] }
    expect(parseJson(formatJson(value))).toEqual(value)
  })

  test.each([
    ['lists', `${'['.repeat(201)}${']'.repeat(201)}`],
    ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['what does not end', '['.repeat(1_000_000)],
    ['nothing', ''],
  ])('refuses %s', (_what, text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })

  test('takes a limited number of values, and does not count what texts hold', () => {
    expect(parseJson('{"a": [1, 2], "b": ",,,,:{}[]"}', 6)).toEqual({ a: [1, 2], b: ',,,,:{}[]' })
    expect(() => parseJson('{"a": [1, 2], "b": 1}', 5)).toThrow(/it holds more than 5 values/)
    expect(() => parseJson(`[${'1,'.repeat(1_000_000)}1]`)).toThrow(/more than 200000 values/)
  })

  test('takes 200 in each other', () => {
    expect(parseJson(`${'['.repeat(200)}${']'.repeat(200)}`)).toHaveLength(1)
  })

  test('takes a time that grows with the length alone', () => {
    const blanks = ' '.repeat(2_000_000)
    const begin = process.cpuUsage()
    expect(parseJson(`{"a":${blanks}-Infinity${blanks}}`)).toEqual({ a: -Infinity })
    expect(() => parseJson(`{"a":${blanks}x: Infinity`)).toThrow(SyntaxError)
    expect(() => parseJson(`[Infinity, ${'"'.repeat(2_000_001)}`)).toThrow(SyntaxError)
    // What looks back from every blank takes hours: a minute is much on any machine. Other processes do not count.
    expect(process.cpuUsage(begin).user).toBeLessThan(60_000_000)
  })
})
