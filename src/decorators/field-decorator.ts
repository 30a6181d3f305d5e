/** The types of decorators that check, when the program is compiled, that a public field fits what they declare. */
import type { MarksOf } from '../params/brands'

/** For fields that the block assigns: their type is `T` or narrower. */
export type WrittenField<T> = <K extends string, C extends Partial<Record<K, T>>>(target: C, field: K) => void

/** For fields that the runtime fills in: their type is `T` or wider. */
export type ReadField<T> = <C extends object, K extends string & keyof C>(
  target: C,
  field: K & ([T] extends [C[K]] ? string : never),
) => void

/** For fields that the runtime fills in, also where no value is passed: they cannot be marked as required. */
export type OptionalField<T> = <C extends object, K extends string & keyof C>(
  target: C,
  field: K & ([T] extends [C[K]] ? ('required' extends MarksOf<C[K]> ? never : string) : never),
) => void

/** For fields of which a value of type `T` is but an example. */
export type ExampleField<T> = <C extends object, K extends string & keyof C>(
  target: C,
  field: K & ([T] extends [C[K]] ? string : [C[K]] extends [T] ? string : never),
) => void
