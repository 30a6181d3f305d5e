/** Types that mark a field of a block as what it takes, gives or is made of. They cost nothing when the program runs. */

declare const IN: unique symbol
declare const OUT: unique symbol
declare const REQUIRED: unique symbol
declare const PART: unique symbol
declare const EDITED: unique symbol

/** The mark of {@link In}. */
export interface InBrand {
  readonly [IN]?: 'in'
}

/** The mark of {@link Out}. */
export interface OutBrand {
  readonly [OUT]?: 'out'
}

/** The mark of an input that every caller must pass. */
export interface RequiredBrand extends InBrand {
  readonly [REQUIRED]?: 'required'
}

/** A type and nothing else: whatever it is of, each fits the place of each other. */
// biome-ignore lint/suspicious/noEmptyInterface: with a member that mentions the type, one would no longer fit the other's place
export interface Phantom<_T> {}

/** The mark of a field that holds a block of the type `B` at first, and may hold any other in a subclass. */
export interface PartBrand<B> {
  readonly [PART]?: Phantom<B>
}

/** The mark of blocks whose parts are no longer those that the class declares. */
export interface EditedBrand {
  readonly [EDITED]?: 'edited'
}

/** What {@link In} and {@link InOut} may say beside the type. */
export type Demand = 'required'

type Brand<T, B> = unknown extends T ? T : T extends null | undefined ? T : T & B
type Read<D extends Demand> = [D] extends [never] ? InBrand : RequiredBrand

/**
 * A field that a block reads: `prompt!: In<string>`.
 *
 * Whether the decorator gives a default cannot be seen from the type, so the compiler lets callers leave out an `In<T>`, and what is missing is reported
 * before the first block runs. `In<T, 'required'>` is for an input without a default: the compiler asks each caller for it, unless another block of
 * the tree writes it. `In<T | undefined>` is one that the block can do without.
 */
export type In<T, D extends Demand = never> = Brand<T, Read<D>>
/** A field that a block writes: `images!: Out<Image[]>`. */
export type Out<T> = Brand<T, OutBrand>
/**
 * A field that a block changes in place: `latents!: InOut<Tensor4D>`. It may say that it is required, as {@link In} may. `InOut<T | undefined>` is one
 * that may be absent before the block runs, and is there afterwards.
 */
export type InOut<T, D extends Demand = never> = Brand<T, Read<D> & OutBrand>

/** What may be marked about a field. */
export type Mark = 'in' | 'out' | 'required'

type Present<F> = F extends null | undefined ? never : F
/** The value of a mark; none of one that is not there, of which nothing can be inferred. */
type Found<M> = Extract<M, Mark>

/** The marks of a field. One of the type `unknown` has no brand, and may be both. */
export type MarksOf<F> = unknown extends F
  ? 'in' | 'out'
  : [Present<F>] extends [{ readonly [IN]?: infer I; readonly [OUT]?: infer O; readonly [REQUIRED]?: infer R }]
    ? Found<I> | Found<O> | Found<R>
    : never

/** Whether a type is marked as edited. */
export type IsEdited<B> = typeof EDITED extends keyof B ? true : false

// A brand must be named exactly: all its members are optional, so that whatever there is fits any of them.
type BrandOf<M extends Mark> = 'required' extends M
  ? 'out' extends M
    ? RequiredBrand & OutBrand
    : RequiredBrand
  : 'in' extends M
    ? 'out' extends M
      ? InBrand & OutBrand
      : InBrand
    : OutBrand
type Without<F, B> = F extends infer T & B ? T : F

/** The type of a field without its brands: `string` of `In<string>`. */
export type Unbranded<F> = unknown extends F ? F : Without<F, BrandOf<MarksOf<F>>>

/** The block of a field that {@link PartBrand} marks; `never` of another field. */
export type MarkedPart<F> = typeof PART extends keyof F ? (F extends PartBrand<infer B> ? B : never) : never
