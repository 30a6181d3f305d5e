/** What prompts with weights are read as. */
import { a1111PromptLoop, a1111SyntaxIn, takeNetworkTags, unsupportedSyntaxIn } from '../../../components'
import { runAtOnce } from '../../../src'

const parse = (prompt: string) =>
  runAtOnce(a1111PromptLoop(prompt)).map(section => section.map(({ text, weight }) => [text, weight]))

test.each<[string, [string, number][][]]>([
  ['normal text', [[['normal text', 1]]]],
  ['', [[]]],
  [
    'an (important) word',
    [
      [
        ['an ', 1],
        ['important', 1.1],
        [' word', 1],
      ],
    ],
  ],
  [
    'a (red, green:1.3) apple',
    [
      [
        ['a ', 1],
        ['red, green', 1.3],
        [' apple', 1],
      ],
    ],
  ],
  ['(unbalanced', [[['unbalanced', 1.1]]]],
  ['(a)(b)', [[['ab', 1.1]]]],
  [String.raw`\(a\] \\ b\c`, [[[String.raw`(a] \ bc`, 1]]]],
  [
    '[a] (b: -.5 ) c:2) d:e',
    [
      [
        ['a', 1 / 1.1],
        [' ', 1],
        ['b', -0.5],
        [' c:2) d:e', 1],
      ],
    ],
  ],
  ['(a:1.2.3)', [[['a:1.2.3', 1.1]]]],
  [
    '((a:1.3)b)',
    [
      [
        ['a', 1.3 * 1.1],
        ['b', 1.1],
      ],
    ],
  ],
  [
    'a BREAK (b BREAK c:2) BREAK',
    [
      [['a', 1]],
      [
        ['', 1],
        ['b', 2],
      ],
      [['c', 2]],
      [['', 1]],
    ],
  ],
  ['BREAKS and unBREAK', [[['BREAKS and unBREAK', 1]]]],
])('%j', (prompt, expected) => {
  const withoutEmpty = (sections: (string | number)[][][]) =>
    sections.map(section => section.filter(([text]) => text !== ''))
  expect(withoutEmpty(parse(prompt))).toEqual(withoutEmpty(expected))
})

test('many brackets, colons and spaces take no time that grows with their square', () => {
  for (const sign of ['(', '[', '(a', ':', ': ', '\\', '[a|', '(1:1', ' ']) {
    const prompt = sign.repeat(50_000)
    expect(parse(prompt).length).toBe(1)
    a1111SyntaxIn(prompt)
    unsupportedSyntaxIn(prompt)
  }
})

test('finds syntax that is not followed, and tags', () => {
  expect(a1111SyntaxIn('a (b) [c] (3:4 or 5)')).toBeUndefined()
  expect(a1111SyntaxIn('a (b:1.2) c')).toBe('(b:1.2)')
  expect(unsupportedSyntaxIn('a [b] (c:1.2)')).toBeUndefined()
  for (const part of ['[a:b:0.5]', '[a::3]', '[a|b]']) expect(unsupportedSyntaxIn(`x ${part}`)).toBe(part)
  expect(takeNetworkTags('a <lora:x:0.5> b')).toEqual({ text: 'a  b', tags: ['<lora:x:0.5>'] })
})
