import { formatJson } from '../../../src/format/json'

describe('formatJson', () => {
  test('writes as Python does', () => {
    const value = { b: [1, 0.5, null], a: { d: true, c: 'größer "als" 🚀' }, e: [], f: {} }
    expect(formatJson(value)).toBe(
      '{\n  "a": {\n    "c": "gr\\u00f6\\u00dfer \\"als\\" \\ud83d\\ude80",\n    "d": true\n  },\n  "b": [\n    1,\n    0.5,\n    null\n  ],\n  "e": [],\n  "f": {}\n}\n',
    )
  })

  test('keeps texts as texts, whatever signs they begin with', () => {
    const value = { '\uE000key': '\uE000true', a: '\uE000, broken', b: ['\uE000Infinity', '\uE000'], c: 1 }
    expect(JSON.parse(formatJson(value))).toEqual(value)
  })

  test('writes infinities as bare words, and whole numbers of float settings with a point', () => {
    const isFloat = (key: string) => key !== 'steps'
    const value = { scale: 7, scales: [10, 2.5], steps: [3], sigma: Infinity, low: -Infinity }
    expect(formatJson(value, { isFloat }).replaceAll(/\s+/g, '')).toBe(
      '{"low":-Infinity,"scale":7.0,"scales":[10.0,2.5],"sigma":Infinity,"steps":[3]}',
    )
  })
})
