/**
 * What a tree of blocks takes and gives, for the compiler. It is read from the brands of the blocks' fields and from
 * the fields that hold blocks, at any depth that the compiler follows (more than 25 levels).
 *
 * The rule, which never refuses a call that would work:
 *
 * - A caller may pass what any block of the tree reads, and it must fit one of the readers. Which of two blocks runs first cannot be seen from types, so
 *   what another block writes may still be passed.
 * - A name must be passed if a block that is sure to run reads it as `In<T, 'required'>`, and none of those that write it could begin without it. All
 *   others may be left out, or be `undefined` or `null`, which is the same.
 * - Branches need not run, so nothing inside them must be passed.
 * - What a run writes, and what it was given, can be asked for by name.
 * - What `fromBlocksDict`, `insert`, `remove` and `replace` make is known as a class with these parts would be.
 * - A tree that types cannot know takes and gives anything. Such a tree has a part of the type `BlockSource`, or one
 * whose name only the run knows. Or it has a leaf without a branded field, or a block that states its lists by getters
 * or fields. Changes of
 * `subBlocks` in place are not seen. Such a pipeline is called with `pipe.run()`, which takes anything.
 */
import type { BlockKind, BlockNode, LoopNode } from '../wiring/block-node'
import type {
  Chosen,
  EditedBrand,
  EditedPartsOf,
  IsDecorated,
  IsEdited,
  Mark,
  MarkedPart,
  MarksOf,
  SelectorOf,
  Unbranded,
  Unedited,
} from './brands'

/** Values of any names: what pipelines take and give of which types cannot know better. */
export type AnyValues = Readonly<Record<string, unknown>>

// -- The fields of one block.

/** Names of the fields that may be declared: not those that every block has, which would only cost time. */
type FieldNames<B> = Exclude<keyof B & string, keyof BlockNode>
/** Names of the fields that have a mark. */
type MarkedNames<B, M extends Mark> = { [K in FieldNames<B>]: M extends MarksOf<B[K]> ? K : never }[FieldNames<B>]
/** The fields that have a mark, with what they hold. Names of `B` are mapped one to one, so that an editor shows the comments on them. */
type MarkedFields<B, M extends Mark> = FieldValues<B, MarkedNames<B, M>, M>
type FieldValues<B, K extends keyof B, M extends Mark> = { [P in K]: ValueOf<B[P], M> }
/** What a field holds before its block runs, or after. What a block changes in place may be absent before, not afterwards. */
type ValueOf<F, M extends Mark> = M extends 'out'
  ? 'in' extends MarksOf<F>
    ? Exclude<Unbranded<F>, undefined>
    : Unbranded<F>
  : Unbranded<F>
type NamesRequiredBy<B> = MarkedNames<B, 'required'>

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
type PartsOf<B> =
  IsEdited<B> extends true ? ValuesIn<EditedPartsOf<B>> : { [K in FieldNames<B>]: PartOf<B[K]> }[FieldNames<B>]
type ValuesIn<Record> = Record[keyof Record]

/** The block of a field if it is sure which one: a field of two types holds one of them. */
type SurePartOf<F> = OnlyBlock<PartOf<F>>
/** A type if it is not a union. */
type OnlyMember<T, Whole = T> = T extends unknown ? ([Whole] extends [T] ? T : never) : never
type SurePartsOf<B> =
  IsEdited<B> extends true
    ? { [K in keyof EditedPartsOf<B>]: OnlyBlock<EditedPartsOf<B>[K]> }[keyof EditedPartsOf<B>]
    : { [K in FieldNames<B>]: SurePartOf<B[K]> }[FieldNames<B>]
type OnlyBlock<P> = [P] extends [OnlyMember<P>] ? P : never

type IsComposite<B extends BlockNode> = B['kind'] extends Exclude<BlockKind, 'leaf'> ? true : false
type IsConditional<B extends BlockNode> = B['kind'] extends 'conditional' | 'auto' ? true : false

// -- Trees, from the parts up: what was worked out for a part is not worked out again for the whole.

/** One record of several: a name that several have has the types of all of them, and the comments of all fields. */
type Merged<Records> = [Commented<Records>] extends [(record: infer All) => void]
  ? { [K in keyof All]: TypeIn<Records, K> }
  : never
// Of any type: two fields whose types exclude each other would make the whole `never`.
type Commented<Records> = Records extends unknown ? (record: { [K in keyof Records]: unknown }) => void : never
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
      | Exclude<MarkedNames<B, 'out'>, NamesRequiredBy<B>>
      | (IsComposite<B> extends true ? NamesSupplied<PartsOf<B>> : never)
  : never

/** Names that blocks of the tree write which do not read them. */
type NamesMade<B> = B extends BlockNode
  ? Exclude<MarkedNames<B, 'out'>, MarkedNames<B, 'in'>> | (IsComposite<B> extends true ? NamesMade<PartsOf<B>> : never)
  : never

/** `true` of each block of the tree of which types cannot say what it takes and gives. */
type Opaque<B> = B extends BlockNode
  ? IsComposite<B> extends true
    ? StatesLists<B> extends true
      ? true
      : [PartsOf<B>] extends [never]
        ? true
        : Opaque<PartsOf<B>>
    : StatesLists<B> extends true
      ? true
      : [MarkedNames<B, 'in' | 'out'>] extends [never]
        ? true
        : never
  : never
/** Whether a block states by a getter or a field what it takes and gives itself. */
type StatesLists<B extends BlockNode> = B extends LoopNode
  ? AllDecorated<[B['loopInputs'], B['loopIntermediateInputs'], B['loopIntermediateOutputs']]> extends true
    ? false
    : true
  : IsComposite<B> extends true
    ? false
    : AllDecorated<[B['inputs'], B['intermediateOutputs']]> extends true
      ? false
      : true
type AllDecorated<Lists extends readonly unknown[]> = false extends {
  [I in keyof Lists]: IsDecorated<Lists[I]>
}[number]
  ? false
  : true
type IsOpaque<B> = [Opaque<B>] extends [never] ? false : true

// -- What comes of it.

/** Makes one object of what an editor shows of a type. */
type Shown<T> = { readonly [K in keyof T]: T[K] } & {}

type Inputs<Read, Demanded> = Shown<Pick<Read, keyof Read & Demanded> & Optional<Read, Exclude<keyof Read, Demanded>>>
type Optional<T, K extends keyof T> = { [P in K]?: T[P] | null | undefined }

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

/**
 * Names that a caller of these blocks passes as a rule: those of {@link InputsOf} that no block makes without having been given them. An editor offers these
 * alone.
 */
export type Offered<I, Made> = Pick<I, Exclude<keyof I, Made>>

/** Names that blocks of the tree make. */
export type MadeBy<B> = IsOpaque<B> extends true ? never : NamesMade<B>

// -- Edits.

/** Parts of which types know nothing. */
interface AnyParts {
  readonly [name: string]: BlockNode
}

/** The parts of blocks by name. */
type NamedPartsOf<B> =
  IsEdited<B> extends true
    ? EditedPartsOf<B>
    : [PartsOf<B>] extends [never]
      ? AnyParts
      : { [K in FieldNames<B> as [PartOf<B[K]>] extends [never] ? never : K]: PartOf<B[K]> }

/** Blocks of the class `B` whose parts are others than the class declares: by name, as far as types know them. */
export type Edited<B, Parts = AnyParts> = Unedited<B> & EditedBrand<Parts>
/** Blocks with one more part, or with another one in its place. */
export type WithPart<B, N extends string, S> = Edited<
  B,
  string extends N ? AnyParts : Flat<Omit<NamedPartsOf<B>, N> & { [K in N]: PartOf<S> }>
>
/** Blocks without a part. */
export type WithoutPart<B, N extends string> = Edited<B, string extends N ? AnyParts : Omit<NamedPartsOf<B>, N>>
/** Blocks of a class that were put together of others. */
export type MadeOf<B, Parts> = Edited<B, { [K in keyof Parts]: PartOf<Parts[K]> }>
type Flat<T> = { [K in keyof T]: T[K] }

// -- Components.

/** Fields of one block that hold components: public ones that are neither values nor parts, and hold an object. */
type ComponentNames<B> = {
  [K in OtherNames<B>]: [MarksOf<B[K]>] extends [never]
    ? [PartOf<B[K]>] extends [never]
      ? IfObject<B[K], K>
      : never
    : never
}[OtherNames<B>]
type OtherNames<B> = Exclude<FieldNames<B>, 'afterLoad' | 'requirements' | 'workflowMap'>
type IfObject<F, K> = F extends
  | readonly unknown[]
  | ((...args: never) => unknown)
  | (abstract new (
      ...args: never
    ) => unknown)
  ? never
  : F extends object
    ? K
    : never
type OwnComponents<B> = Pick<B, ComponentNames<B>>
type ComponentsIn<B> = B extends BlockNode
  ? IsComposite<B> extends true
    ? OwnComponents<B> | ComponentsIn<PartsOf<B>>
    : OwnComponents<B>
  : never

/**
 * The components of these blocks, by the names of their fields. Types cannot see a name that `@Component(Class, { name })` states, so a component of any other
 * name may be there too.
 */
export type ComponentsOf<B> = [ComponentsIn<B>] extends [infer Found] ? Shown<Merged<Found>> & AnyValues : never

// -- Calls.

/** Whether values have names that are known. */
export type IsKnown<V> = string extends keyof V ? false : true

/** What a call may ask for: a name, a list of names, or nothing, which gives the whole state. Names that are not known are for other overloads. */
export type OutputChoice<V> =
  | (IsKnown<V> extends true ? (keyof V & string) | readonly (keyof V & string)[] : never)
  | undefined

/** What a call gives that asks for `O`, and passes `P` for the input on which types depend. */
export type OutputChosen<V, O, P, State> = O extends keyof V
  ? Chosen<V[O], P>
  : O extends readonly (infer K)[]
    ? { [N in K & keyof V]: Chosen<V[N], P> }
    : State
/** All values, where `P` is passed for the input on which types depend. */
export type ChosenValues<V, P> = { [K in keyof V]: Chosen<V[K], P> }
/** The inputs on which types of values depend, with what is passed for them. */
export type Selecting<V, P> = [SelectorsOf<V>] extends [never]
  ? unknown
  : { readonly [K in SelectorsOf<V>]?: P | undefined }
type SelectorsOf<V> = IsKnown<V> extends true ? SelectorOf<V[keyof V]> : never
/** What may be passed for the inputs on which types depend. */
export type Selection<I, V> = I[SelectorsOf<V> & keyof I]

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
