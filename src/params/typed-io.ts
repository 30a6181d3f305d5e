/**
 * What a tree of blocks takes and gives, for the compiler: read from the brands of the blocks' fields and from the fields that hold blocks, at any depth.
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
import type { IsEdited, IsIn, IsOut, IsRequired, MarkedPart, Unbranded } from './brands'

/** Values of any names: what pipelines take and give of which types cannot know better. */
export type AnyValues = Readonly<Record<string, unknown>>

/** Makes one line of what an editor shows of a type. */
type Shown<T> = { readonly [K in keyof T]: T[K] } & {}

// -- The tree: its blocks as a union.

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

/** The blocks that the fields of a block hold. */
type PartsOf<B> = { [K in keyof B]: PartOf<B[K]> }[keyof B]

/** Whether a block is made of others. */
type IsComposite<B extends BlockNode> = B['kind'] extends Exclude<BlockKind, 'leaf'> ? true : false
type IsConditional<B extends BlockNode> = B['kind'] extends 'conditional' | 'auto' ? true : false

/** All blocks of a tree, whether or not they always run. */
type BlocksOf<B> = B extends BlockNode ? B | BlocksOf<PartsOf<B>> : never

/** The block of a field that always runs; a field of two types holds one of them. */
type SurePartOf<F, P = PartOf<F>> = [P] extends [UnionOf<P>] ? P : never
/** A type if it is no union. */
type UnionOf<T, Whole = T> = T extends unknown ? ([Whole] extends [T] ? T : never) : never

/** The blocks of a tree that run whenever it does. */
type SureBlocksOf<B> = B extends BlockNode
  ? IsConditional<B> extends true
    ? never
    : B | SureBlocksOf<{ [K in keyof B]: SurePartOf<B[K]> }[keyof B]>
  : never

/** The blocks of which types cannot say what they take and give. */
type OpaqueBlocksOf<Blocks> = Blocks extends BlockNode
  ? IsEdited<Blocks> extends true
    ? Blocks
    : IsComposite<Blocks> extends true
      ? [PartsOf<Blocks>] extends [never]
        ? Blocks
        : never
      : [keyof ReadBy<Blocks> | keyof WrittenBy<Blocks>] extends [never]
        ? Blocks
        : never
  : never

type IsOpaque<B> = [OpaqueBlocksOf<BlocksOf<B>>] extends [never] ? false : true

// -- One block.

/** What the fields of a block read, by name. */
type ReadBy<B> = { [K in keyof B as K extends string ? (IsIn<B[K]> extends true ? K : never) : never]: Unbranded<B[K]> }
/** What the fields of a block write, by name. */
type WrittenBy<B> = {
  [K in keyof B as K extends string ? (IsOut<B[K]> extends true ? K : never) : never]: Unbranded<B[K]>
}
/** What the fields of a block read and require, by name. */
type RequiredBy<B> = { [K in keyof B as K extends string ? (IsRequired<B[K]> extends true ? K : never) : never]: true }

// -- Several blocks: names, and what the blocks say of one of them.

type NamesRead<Blocks> = Blocks extends unknown ? keyof ReadBy<Blocks> : never
type NamesWritten<Blocks> = Blocks extends unknown ? keyof WrittenBy<Blocks> : never
type NamesRequired<Blocks> = Blocks extends unknown ? keyof RequiredBy<Blocks> : never
/** Names that a block writes which can begin without them. */
type NamesSupplied<Blocks> = Blocks extends unknown ? Exclude<keyof WrittenBy<Blocks>, keyof RequiredBy<Blocks>> : never
type NamesDemanded<B> = Exclude<NamesRequired<SureBlocksOf<B>>, NamesSupplied<BlocksOf<B>>>

type TypeRead<Blocks, K> = Blocks extends unknown ? (K extends keyof ReadBy<Blocks> ? ReadBy<Blocks>[K] : never) : never
type TypeWritten<Blocks, K> = Blocks extends unknown
  ? K extends keyof WrittenBy<Blocks>
    ? WrittenBy<Blocks>[K]
    : never
  : never

type Inputs<Blocks, Demanded> = Shown<
  { [K in NamesRead<Blocks> & Demanded]: TypeRead<Blocks, K> } & {
    [K in Exclude<NamesRead<Blocks>, Demanded>]?: TypeRead<Blocks, K> | null | undefined
  }
>

/** What a caller of these blocks passes, by name: {@link AnyValues} where types cannot know. */
export type InputsOf<B> = IsOpaque<B> extends true ? AnyValues : Inputs<BlocksOf<B>, NamesDemanded<B>>

/** What these blocks write, by name: {@link AnyValues} where types cannot know. */
export type OutputsOf<B> =
  IsOpaque<B> extends true ? AnyValues : Shown<{ [K in NamesWritten<BlocksOf<B>>]: TypeWritten<BlocksOf<B>, K> }>

/** What there is after a run of these blocks, by name: what they write, and what they were given. */
export type ValuesOf<B> =
  IsOpaque<B> extends true
    ? AnyValues
    : Shown<
        OutputsOf<B> & { [K in Exclude<NamesRead<BlocksOf<B>>, NamesWritten<BlocksOf<B>>>]: TypeRead<BlocksOf<B>, K> }
      >

// -- Calls.

/** Whether values have names that are known. */
type IsKnown<V> = string extends keyof V ? false : true

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
export type NoArguments<I> = Partial<I> extends I ? unknown : CallWithInputs
/** The receiver of a call whose options say no more than that they are some: such a call can be made where names are not known. */
export type AnyOptions<V> = IsKnown<V> extends true ? CallByKnownNames : unknown

declare const NAMES_ARE_KNOWN: unique symbol
interface CallByKnownNames {
  readonly [NAMES_ARE_KNOWN]: never
}
declare const INPUTS_MUST_BE_PASSED: unique symbol
interface CallWithInputs {
  readonly [INPUTS_MUST_BE_PASSED]: never
}
