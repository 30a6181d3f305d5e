import { z } from 'zod'
import { typeNameOf } from '../../../src/params/schema'
import { typesConflict } from '../../../src/wiring/types-conflict'

describe('typesConflict', () => {
  test.each([
    ['string', 'number'],
    ['string', 'string[]'],
    ['Tensor[batch, 8, 8, 4]', 'Tensor[batch, 8, 8, 16]'],
    ['Tensor[batch, 77]', 'Tensor[batch, 77, 768]'],
    ['Tensor', 'Image[]'],
    ['Image', 'Tensor'],
    ['string | number', 'boolean'],
    ['"a" | "b"', 'number'],
    ['object', 'string'],
    ['record', 'number[]'],
    ['(string | number)[]', 'boolean[]'],
    ['string[][]', 'string[]'],
    ['3', 'string'],
    ['null', 'Tensor'],
  ])('is true of %s and %s', (a, b) => {
    expect(typesConflict(a, b)).toBe(true)
    expect(typesConflict(b, a)).toBe(true)
  })

  test.each([
    ['string', 'string | string[]'],
    ['any', 'number'],
    ['unknown', 'Tensor[1]'],
    ['Tensor', 'Tensor[batch, 8]'],
    ['Tensor[batch, 8]', 'Tensor[n, width]'],
    ['"image" | "latent"', 'string'],
    ['"a|b"', 'string'],
    ['int', 'number'],
    ['true', 'boolean'],
    ['Image | Image[]', 'Image[]'],
    ['(string | number)[]', 'number[]'],
    ['tuple', 'number[]'],
    ['object', 'Image'],
    ['record', 'object'],
    ['Map<string, number | string>', 'Map<string, number | string>'],
    ['unknown[]', 'string[]'],
  ])('is false of %s and %s', (a, b) => {
    expect(typesConflict(a, b)).toBe(false)
    expect(typesConflict(b, a)).toBe(false)
  })

  test.each([
    ['lists of a union', z.array(z.union([z.string(), z.number()])), z.array(z.string()), false],
    ['a tuple and a list', z.tuple([z.number(), z.number()]), z.array(z.number()), false],
    ['an object and a record', z.object({ a: z.number() }), z.record(z.string(), z.number()), false],
    ['a class and an object', z.instanceof(Date), z.object({}), false],
    ['an int and a number', z.int(), z.number(), false],
    ['an email and a string', z.email(), z.string(), false],
    ['what falls back and a string', z.string().catch(''), z.string(), false],
    ['an optional number and a string', z.number().optional(), z.string(), true],
    ['lists of different things', z.array(z.number()), z.array(z.string()), true],
  ])('judges %s by their schemas', (_, a, b, conflict) => {
    expect(typesConflict(typeNameOf(a), typeNameOf(b))).toBe(conflict)
  })
})
