import fc from 'fast-check'
import { mapKeys, toCamelCase, toSnakeCase } from '../../../src'

const pairs = [
  ['num_inference_steps', 'numInferenceSteps'],
  ['text_encoder_2', 'textEncoder2'],
  ['t5_tokenizer', 't5Tokenizer'],
  ['encoder_hidden_states_t5', 'encoderHiddenStatesT5'],
  ['prompt', 'prompt'],
  ['_class_name', '_className'],
  ['sample_size', 'sampleSize'],
] as const

test.each(pairs)('%s is %s, and back', (snake, camel) => {
  expect(toCamelCase(snake)).toBe(camel)
  expect(toSnakeCase(camel)).toBe(snake)
})

test('names in camelCase stay as they are', () => {
  expect(toCamelCase('guidanceScale')).toBe('guidanceScale')
  expect(toCamelCase('__private')).toBe('__private')
})

test('words come back from camelCase as they went', () => {
  const word = fc.stringMatching(/^[a-z]{1,6}$/)
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), words => {
      const snake = words.join('_')
      expect(toSnakeCase(toCamelCase(snake))).toBe(snake)
    }),
  )
})

test('mapKeys renames keys and keeps values', () => {
  expect(mapKeys({ sample_size: [1], act_fn: 'silu' }, toCamelCase)).toEqual({ sampleSize: [1], actFn: 'silu' })
})

test('any number of names can be renamed, of any length', () => {
  for (let i = 0; i < 10_000; i++) expect(toCamelCase(`key_${i}_a`)).toBe(`key${i}A`)
  expect(toCamelCase(`a${'_'.repeat(1_000_000)}`)).toHaveLength(1_000_001)
})
