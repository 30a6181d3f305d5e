/**
 * What a tree of blocks takes and gives, for the compiler: read from the brands of the blocks' fields and from the fields that hold blocks, at any
 * depth that the compiler follows (more than 25 levels).
 *
 * The rule, which never refuses a call that would work:
 *
 * - A caller may pass what any block of the tree reads, and it must fit one of the readers. Which of two blocks runs first cannot be seen from types, so
 *   what another block writes may still be passed.
 * - A name must be passed if a block that is sure to run reads it as `In<T, 'required'>`, and none of those that write it could begin without it. All
 *   others may be left out, or be `undefined` or `null`, which is the same.
 * - Branches need not run, so nothing inside them must be passed.
 * - What a run writes, and what it was given, can be asked for by name.
 * - A tree that types cannot know takes and gives anything: one that was put together or edited while the program runs (`fromBlocksDict`, `insert`,
 *   `remove`, `replace`), one with a part of the type `BlockSource`, and one with a leaf that has no branded field, as it may declare its values in
 *   another way. Changes of `subBlocks` in place are not seen; such a pipeline is called with `pipe.run()`, which takes anything.
 */
import type { BlockKind, BlockNode } from '../wiring/block-node'
import type { IsEdited, Mark, MarkedPart, MarksOf, Unbranded } from './brands'

/** Values of any names: what pipelines take and give of which types cannot know better. */
export type AnyValues = Readonly<Record<string, unknown>>

// -- The fields of one block.

/** Names of the fields that may be declared: not those that every block has, which would only cost time. */
type FieldNames<B> = Exclude<keyof B & string, keyof BlockNode>
/** The fields that have a mark, with what they hold. */
type MarkedFields<B, M extends Mark> = {
  [K in FieldNames<B> as M extends MarksOf<B[K]> ? K : never]: ValueOf<B[K], M>
}
/** What a field holds before its block runs, or after. What a block changes in place may be absent before, not afterwards. */
type ValueOf<F, M extends Mark> = M extends 'out'
  ? 'in' extends MarksOf<F>
    ? Exclude<Unbranded<F>, undefined>
    : Unbranded<F>
  : Unbranded<F>
type NamesRequiredBy<B> = keyof MarkedFields<B, 'required'>

// -- The parts of one block.

/** The block that a field holds; `never` of a field that holds none. */
type PartOf<F> = [MarkedPart<F>] extends [never]
  ? F extends BlockNode
    ? F
    : F extends new () => infer B
      ? B extends BlockNode
        ? B
        : never
      : never
  : MarkedPart<F>
type PartsOf<B> = { [K in FieldNames<B>]: PartOf<B[K]> }[FieldNames<B>]

/** The block of a field if it is sure which one: a field of two types holds one of them. */
type SurePartOf<F, P = PartOf<F>> = [P] extends [OnlyMember<P>] ? P : never
/** A type if it is no union. */
type OnlyMember<T, Whole = T> = T extends unknown ? ([Whole] extends [T] ? T : never) : never
type SurePartsOf<B> = { [K in FieldNames<B>]: SurePartOf<B[K]> }[FieldNames<B>]

type IsComposite<B extends BlockNode> = B['kind'] extends Exclude<BlockKind, 'leaf'> ? true : false
type IsConditional<B extends BlockNode> = B['kind'] extends 'conditional' | 'auto' ? true : false

// -- Trees, from the parts up: what was worked out for a part is not worked out again for the whole.

/** One record of several: a name that several have has the types of all of them. */
type Merged<Records> = { [K in NamesOf<Records>]: TypeIn<Records, K> }
type NamesOf<Records> = Records extends unknown ? keyof Records : never
type TypeIn<Records, K> = Records extends unknown ? (K extends keyof Records ? Records[K] : never) : never

/** What the blocks of a tree read, or write, by name. */
type Marked<B, M extends Mark> = B extends BlockNode
  ? IsComposite<B> extends true
    ? Merged<MarkedFields<B, M> | Marked<PartsOf<B>, M>>
    : MarkedFields<B, M>
  : never

/** Names that a block requires which runs whenever the tree does. */
type NamesDemanded<B> = B extends BlockNode
  ? IsComposite<B> extends true
    ? IsConditional<B> extends true
      ? never
      : NamesRequiredBy<B> | NamesDemanded<SurePartsOf<B>>
    : NamesRequiredBy<B>
  : never

/** Names that a block of the tree writes which can begin without them. */
type NamesSupplied<B> = B extends BlockNode
  ?
      | Exclude<keyof MarkedFields<B, 'out'>, NamesRequiredBy<B>>
      | (IsComposite<B> extends true ? NamesSupplied<PartsOf<B>> : never)
  : never

/** `true` of each block of the tree of which types cannot say what it takes and gives. */
type Opaque<B> = B extends BlockNode
  ? IsEdited<B> extends true
    ? true
    : IsComposite<B> extends true
      ? [PartsOf<B>] extends [never]
        ? true
        : Opaque<PartsOf<B>>
      : [keyof MarkedFields<B, 'in'> | keyof MarkedFields<B, 'out'>] extends [never]
        ? true
        : never
  : never
type IsOpaque<B> = [Opaque<B>] extends [never] ? false : true

// -- What comes of it.

/** Makes one object of what an editor shows of a type. */
type Shown<T> = { readonly [K in keyof T]: T[K] } & {}

type Inputs<Read, Demanded> = Shown<
  { [K in keyof Read & Demanded]: Read[K] } & { [K in Exclude<keyof Read, Demanded>]?: Read[K] | null | undefined }
>

// What a tree reads and writes is inferred below, so that the compiler does not try to work it out for a tree that it does not know yet.

/** What a caller of these blocks passes, by name: {@link AnyValues} where types cannot know. */
export type InputsOf<B> =
  IsOpaque<B> extends true
    ? AnyValues
    : [Marked<B, 'in'>] extends [infer Read]
      ? Inputs<Merged<Read>, Exclude<NamesDemanded<B>, NamesSupplied<B>>>
      : never

/** What these blocks write, by name: {@link AnyValues} where types cannot know. */
export type OutputsOf<B> =
  IsOpaque<B> extends true ? AnyValues : [Marked<B, 'out'>] extends [infer Written] ? Shown<Merged<Written>> : never

type Values<Read, Written> = Shown<Written & Omit<Read, keyof Written>>

/** What there is after a run of these blocks, by name: what they write, and what they were given. */
export type ValuesOf<B> =
  IsOpaque<B> extends true
    ? AnyValues
    : [Marked<B, 'in'>, Marked<B, 'out'>] extends [infer Read, infer Written]
      ? Values<Merged<Read>, Merged<Written>>
      : never

// -- Calls.

/** Whether values have names that are known. */
export type IsKnown<V> = string extends keyof V ? false : true

/** What a call may ask for: a name, a list of names, or nothing, which gives the whole state. Names that are not known are for other overloads. */
export type OutputChoice<V> =
  | (IsKnown<V> extends true ? (keyof V & string) | readonly (keyof V & string)[] : never)
  | undefined

/** What a call gives that asks for `O`. */
export type OutputChosen<V, O, State> = O extends keyof V
  ? V[O]
  : O extends readonly (infer K)[]
    ? { [N in K & keyof V]: V[N] }
    : State

/** The name of an output as it may be asked for: one that is known, where a literal is given and the names are known. */
export type OutputName<V, N extends string> = IsKnown<V> extends false ? N : string extends N ? N : keyof V & string
/** Allows an output of which the compiler knows no more than that it is a text, or a list of texts. */
export type WideOutput<O> = string extends (O extends readonly (infer N)[] ? N : O) ? unknown : never
/** The type that a caller says an output has; where names are known it is never guessed from the place that the result goes to. */
export type SaidType<V, T> = IsKnown<V> extends true ? NoInfer<T> : T
/** The receiver of a call without arguments: none can be had where something must be passed. */
export type NoArguments<I> = Partial<I> extends I ? unknown : InputsMustBePassed<RequiredNames<I>>
type RequiredNames<I> = { [K in keyof I]-?: Pick<I, never> extends Pick<I, K> ? never : K }[keyof I]
/** The receiver of a call whose options say no more than that they are some: such a call can be made where names are not known. */
export type AnyOptions<V> = IsKnown<V> extends true ? CallByKnownNames : unknown

declare const NAMES_ARE_KNOWN: unique symbol
interface CallByKnownNames {
  readonly [NAMES_ARE_KNOWN]: never
}
declare const MUST_BE_PASSED: unique symbol
/** Named for what the compiler says of a call without arguments. */
interface InputsMustBePassed<Names> {
  readonly [MUST_BE_PASSED]: Names
}
