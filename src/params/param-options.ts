/** What inputs and outputs of blocks are made of. */
import type { z } from 'zod'

/** The fields of an InputParam, all optional but the name (which only a group input lacks). */
export interface InputParamOptions {
  /** Key in the state; `null` for an input that takes a whole group of values. */
  name: string | null
  /** The type in words, for documentation and for comparing declarations. */
  typeHint?: string | undefined
  /** Used when the value is absent. */
  default?: unknown
  /** Whether a value must be there once the default is applied. */
  required?: boolean
  /** What the input means. */
  description?: string
  /** The group: with a name, the value is tagged with it; without one, the block is given every value so tagged. */
  kwargsType?: string | undefined
  /** Free data for tools. */
  metadata?: Readonly<Record<string, unknown>> | undefined
  /** Filled by aggregation over branches whose defaults differ: block name → default. */
  defaultsByBlock?: Readonly<Record<string, unknown>> | undefined
  /** Checks values at the boundary. */
  schema?: z.ZodType | undefined
}

/** The fields of an OutputParam. */
export interface OutputParamOptions {
  /** Key in the state. */
  name: string
  /** The type in words. */
  typeHint?: string | undefined
  /** What the output means. */
  description?: string
  /** The group that the value is tagged with when it is written. */
  kwargsType?: string | undefined
  /** Free data for tools. */
  metadata?: Readonly<Record<string, unknown>> | undefined
  /** States the type; tensor dimensions in it are checked when the block ends. */
  schema?: z.ZodType | undefined
}

/** All members of an interface of options, none of them optional: `undefined` where an option was left out. */
export type Complete<T> = { readonly [K in keyof Required<T>]: T[K] }
