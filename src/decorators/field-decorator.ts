/** The type of decorators that check, when the program is compiled, that a field can hold what they declare. */

/** A decorator for public fields whose type is `T` or narrower. */
export type FieldDecorator<T> = <K extends string, C extends Partial<Record<K, T>>>(target: C, field: K) => void
