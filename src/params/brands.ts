/** Types that mark a field of a block as what it takes, gives or is made of. They cost nothing when the program runs. */

declare const IN: unique symbol
declare const OUT: unique symbol
declare const REQUIRED: unique symbol
declare const PART: unique symbol
declare const EDITED: unique symbol

/** The mark of {@link In}. */
export interface InBrand {
  readonly [IN]?: never
}

/** The mark of {@link Out}. */
export interface OutBrand {
  readonly [OUT]?: never
}

/** The mark of an input that every caller must pass. */
export interface RequiredBrand extends InBrand {
  readonly [REQUIRED]?: never
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
  readonly [EDITED]?: never
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
/** A field that a block changes in place: `latents!: InOut<Tensor4D>`. It may say that it is required, as {@link In} may. */
export type InOut<T, D extends Demand = never> = Brand<T, Read<D> & OutBrand>

/** Whether a field has no brand because it may hold anything. */
type IsAnything<F> = unknown extends F ? true : false
/** The names of a field's members, `undefined` left aside: with those of its brand. */
type KeysOf<F> = keyof NonNullable<F>

/** Whether a field is marked as read. One of the type `unknown` may be. */
export type IsIn<F> = IsAnything<F> extends true ? true : typeof IN extends KeysOf<F> ? true : false
/** Whether a field is marked as written. One of the type `unknown` may be. */
export type IsOut<F> = IsAnything<F> extends true ? true : typeof OUT extends KeysOf<F> ? true : false
/** Whether a field is marked as read and required. */
export type IsRequired<F> = IsAnything<F> extends true ? false : typeof REQUIRED extends KeysOf<F> ? true : false
/** Whether a type is marked as edited. */
export type IsEdited<B> = typeof EDITED extends keyof B ? true : false

// A mark must be named exactly: all its members are optional, so that whatever there is fits any of them.
type MarksOf<F> =
  IsRequired<F> extends true
    ? typeof OUT extends KeysOf<F>
      ? RequiredBrand & OutBrand
      : RequiredBrand
    : typeof IN extends KeysOf<F>
      ? typeof OUT extends KeysOf<F>
        ? InBrand & OutBrand
        : InBrand
      : OutBrand
type Without<F, Marks> = F extends infer T & Marks ? T : F

/** The type of a field without its brands: `string` of `In<string>`. */
export type Unbranded<F> = IsAnything<F> extends true ? F : Without<F, MarksOf<F>>

/** The block of a field that {@link PartBrand} marks; `never` of another field. */
export type MarkedPart<F> = typeof PART extends keyof F ? (F extends PartBrand<infer B> ? B : never) : never
