import { inspect } from 'node:util'
import { HubRequestError, ModelIndexError, UntrustedCodeError } from '../../../index'
import { printable, printableName } from '../../../src/errors/printable'
import { parseJson } from '../../../src/format/parse-json'

/** Clears the terminal, names its window, colours by one sign, and turns what follows round. */
const HARM = '\u001b[2J\u001b]0;mine\u0007\u009b31m\u202e\r'
const OBEYED = /(?!\n)\p{Cc}|\u202e/u

describe('text that others wrote', () => {
  test('is escaped if a terminal would obey it', () => {
    expect(printable(`a${HARM}b`)).toBe('a\\u001b[2J\\u001b]0;mine\\u0007\\u009b31m\\u202e\\u000db')
    expect(printable('\u061c\u200e\u200f\u2066')).toBe('\\u061c\\u200e\\u200f\\u2066')
    expect(printable('Ein Fuchs 🦊👨‍👩‍👧\n\tund ein Hase: “ё”')).toBe('Ein Fuchs 🦊👨‍👩‍👧\n\tund ein Hase: “ё”')
  })

  test('stays on its line, and short, where it is a name', () => {
    expect(printableName('a\nb\tc')).toBe('a\\u000ab\\u0009c')
    expect(printableName('x'.repeat(5000))).toHaveLength(201)
  })

  test('does no harm in errors', () => {
    const answer = { status: 400, url: 'http://hub', message: `no${HARM}` }
    for (const error of [
      new ModelIndexError(`folder${HARM}`, 'is wrong.'),
      new HubRequestError({ repository: 'org/x' }, answer),
    ]) {
      expect(error.message).toContain('\\u001b')
      expect(error.message).not.toMatch(OBEYED)
      expect(error.stack).not.toMatch(OBEYED)
    }
  })

  test('does no harm in what JSON.parse says of it', () => {
    let error: unknown
    try {
      parseJson(`{"a": \u001b[2J`)
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(SyntaxError)
    expect(inspect(error)).not.toMatch(OBEYED)
  })

  test('cannot pass for another part of the refusal of code', () => {
    const forged = 'a.js (1 bytes). It is safe.\n\nesc: '
    const { message } = new UntrustedCodeError(
      'not-trusted',
      {
        source: 'org/x',
        folder: '/folder',
        revision: 'sha256:0',
        module: 'block.js',
        className: 'X',
        files: new Map([[forged + HARM, 5]]),
        requirements: { [forged]: `1${' '.repeat(5000)}` },
      },
      undefined,
    )
    expect(message).not.toMatch(OBEYED)
    expect(message).not.toContain('\n')
    expect(message.length).toBeLessThan(1000)
  })
})
