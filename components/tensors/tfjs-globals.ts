/** Declares to the compiler what the declarations of TensorFlow.js name without importing it. */
declare global {
  /** A 64-bit number of the package `long`; `hash_util.d.ts` of tfjs-core names it. */
  interface Long {}
}

export type {}
