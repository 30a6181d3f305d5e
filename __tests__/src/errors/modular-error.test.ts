import { CompositionError, MissingOutputError, ModularError, PipelineAbortError, PipelineState } from '../../../src'
import * as errors from '../../../src/errors'

test('every error is of the base class and is named after its own', () => {
  const error = new MissingOutputError(['decode'], 'images')
  expect(error).toBeInstanceOf(ModularError)
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe('MissingOutputError')
  expect(error.code).toBe('MISSING_OUTPUT')
  expect(error.path).toEqual(['decode'])
  expect(error.cause).toBeUndefined()
})

test('an error without a place says so', () => {
  expect(new CompositionError('Pair', 'is odd.')).toMatchObject({
    path: [],
    isLocated: false,
    message: 'Pair: is odd.',
  })
  expect(new MissingOutputError([], 'x').isLocated).toBe(true)
})

test('a cancelled run has the name that web interfaces look for', () => {
  expect(new PipelineAbortError(['denoise'], new PipelineState(), 'reason')).toMatchObject({
    name: 'AbortError',
    cause: 'reason',
  })
})

test('every class is offered under its name', () => {
  for (const [name, type] of Object.entries(errors))
    expect([name, (type as { name: string }).name]).toEqual([name, name])
})
