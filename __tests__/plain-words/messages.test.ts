/** The messages of all error classes and warnings, as one list: they say what is wrong, where, and what to do. */
import { join } from 'node:path'
import { checkPassage } from '../../plain-words/check'
import { type Message, messagesOf } from '../../plain-words/messages'
import { NAME } from '../../plain-words/passage'

const messages = messagesOf(join(__dirname, '..', '..'))

/** A message, as it is shown. */
const shown = ({ file, line, kind, text }: Message) => `${file}:${line} ${kind}: ${text.replaceAll(NAME, '…')}`

/** Messages of classes that say all of it, and warnings. */
const whole = messages.filter(({ form }) => form !== 'part')

test('are found in all folders', () => {
  expect(messages.length).toBeGreaterThan(500)
  expect(new Set(messages.map(({ file }) => file.split('/')[0]))).toEqual(
    new Set(['src', 'components', 'blocks', 'cli', 'server', 'testing']),
  )
})

test('use no banned form, and no sentence of more than 30 words', () => {
  const found = messages.flatMap(({ file, line, text }) =>
    checkPassage({ file, line, kind: 'string', text, source: text }),
  )
  expect(found).toEqual([])
})

test('end as sentences do, or with a value', () => {
  const ends = new RegExp(`(?:[.?!…]|${NAME}|\\n)$`)
  expect(whole.filter(({ text }) => !ends.test(text.trim())).map(shown)).toEqual([])
})

/** Messages about something of which there is only one. */
const UNIQUE = [
  'QueueClosedError',
  'UnsafeSerializationError',
  'NO_SAFETY_CHECKER',
  'NEGATIVE_PROMPT_IGNORED',
  'NEGATIVE_SIZES_IGNORED',
]

test('name the value or the place that is wrong', () => {
  const found = whole.filter(({ text, kind }) => !text.includes(NAME) && !UNIQUE.includes(kind))
  expect(found.map(shown)).toEqual([])
})

/** Words by which a message says what to do, or what was expected. */
const ADVICE = new RegExp(
  `\\b(?:${[
    ...['add', 'ask', 'assign', 'call', 'change', 'check', 'choose', 'compute', 'convert', 'copy', 'create'],
    ...['declare', 'fetch', 'limit'],
    ...['give', 'install', 'keep', 'leave', 'load', 'look', 'make', 'mark', 'move', 'pass', 'put', 'raise', 'read'],
    ...['remove', 'rename', 'restrict', 'run', 'save', 'set', 'state', 'submit', 'use', 'wait', 'write'],
    ...['available', 'expected', 'known', 'must', 'needs', 'should be', 'defines them', 'it has'],
  ].join('|')})\\b`,
  'i',
)

test('say what to do or what was expected, unless a detail at their end does', () => {
  const endsWithDetail = new RegExp(`${NAME}\\.?$`)
  const found = messages.filter(
    ({ form, kind, text }) =>
      // A cancelled run is what the caller asked for.
      form === 'whole' && kind !== 'PipelineAbortError' && !ADVICE.test(text) && !endsWithDetail.test(text.trim()),
  )
  expect(found.map(shown)).toEqual([])
})
