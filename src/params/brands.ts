/** Types that mark a field of a block as what it takes, gives or is made of. They cost nothing when the program runs. */

declare const IN: unique symbol
declare const OUT: unique symbol
declare const REQUIRED: unique symbol
declare const PART: unique symbol
declare const EDITED: unique symbol
declare const CHOICE: unique symbol
declare const DECORATED: unique symbol

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

/** The mark of blocks whose parts are no longer those that the class declares, with the parts by name. */
export interface EditedBrand<Parts> {
  readonly [EDITED]?: Phantom<Parts>
}

/** The mark of an output whose type depends on an input: {@link OutFor}. */
export interface ChoiceBrand<Name extends string, Types, Default extends keyof Types> {
  readonly [CHOICE]?: Choice<Name, Types, Default>
}

interface Choice<Name, Types, Default> {
  readonly name: Name
  readonly types: Types
  readonly default: Default
}

/** The mark of a list that follows from decorated fields; a subclass that states the list itself has none. */
export interface DecoratedBrand {
  readonly [DECORATED]?: 'decorated'
}

/** A list that follows from decorated fields. */
export type Decorated<T> = readonly T[] & DecoratedBrand

/** What {@link In} and {@link InOut} may say beside the type. */
export type Demand = 'required'

type Brand<T, B> = unknown extends T ? T : T extends null | undefined ? T : T & B
type Read<D extends Demand> = [D] extends [never] ? InBrand : RequiredBrand

/**
 * A field that a block reads: `prompt!: In<string>`.
 *
 * The type cannot show whether the decorator gives a default. So the compiler lets callers omit an `In<T>`, and a
 * missing input is reported before the first block runs. `In<T, 'required'>` is for an input without a default: the
 * compiler asks each caller for it, unless another block of
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

/**
 * A field that a block writes, and whose type depends on a text that the caller passes as an input: `images!: OutFor<'outputType', { image: Image[]; tensor:
 * Tensor4D }, 'image'>`. A call that passes `outputType: 'tensor'` gives a tensor, and one that passes none gives the default.
 */
export type OutFor<Name extends string, Types, Default extends keyof Types & string> = Brand<
  Types[keyof Types],
  OutBrand & ChoiceBrand<Name, Types, Default>
>

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
/** The parts of blocks that are marked as edited, by name. */
export type EditedPartsOf<B> = B extends EditedBrand<infer Parts> ? Parts : never
/** Blocks without the mark of earlier edits. */
export type Unedited<B> = B extends infer T & EditedBrand<EditedPartsOf<B>> ? T : B

/** Whether a list follows from decorated fields. */
export type IsDecorated<List> = typeof DECORATED extends keyof List ? true : false

/** The input that the type of a value depends on; `never` if it depends on none. */
export type SelectorOf<T> = T extends unknown
  ? typeof CHOICE extends keyof T
    ? T extends { readonly [CHOICE]?: infer C }
      ? NonNullable<C> extends Choice<infer Name, unknown, unknown>
        ? Name
        : never
      : never
    : never
  : never
/** The type of a value where `Passed` was passed for the input that it depends on; `never`: none was. */
export type Chosen<T, Passed> = typeof CHOICE extends keyof T
  ? T extends { readonly [CHOICE]?: infer C }
    ? NonNullable<C> extends Choice<string, infer Types, infer Default>
      ? ChosenType<Types, Default, Passed>
      : T
    : T
  : T
type ChosenType<Types, Default, Passed> = [Passed] extends [never]
  ? Types[Default & keyof Types]
  : [Passed] extends [keyof Types | null | undefined]
    ?
        | Types[Passed & keyof Types]
        | ([Extract<Passed, null | undefined>] extends [never] ? never : Types[Default & keyof Types])
    : Types[keyof Types]

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
