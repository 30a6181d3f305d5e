/** Numbers of a state on their way to a file, or from it. */

/** The element types of arrays in the file of a state: those of safetensors. */
export type ArrayDType = 'F64' | 'F32' | 'I64' | 'I32' | 'I16' | 'I8' | 'U64' | 'U32' | 'U16' | 'U8' | 'BOOL'

/** An array of numbers, which a file holds as they are; everything else of a value goes into its text. */
export class SavedArray {
  constructor(
    /** Type of the elements. */
    readonly dtype: ArrayDType,
    /** Shape of the array. */
    readonly shape: readonly number[],
    /** Row-major, little-endian. */
    readonly data: ArrayBufferView,
  ) {}
}

/** Writes and reads the files of states. The module that knows the format registers it. */
export interface StateStorage {
  /** Writes arrays and text into one file, as a whole or not at all. */
  write(file: string, arrays: ReadonlyMap<string, SavedArray>, text: ReadonlyMap<string, string>): Promise<void>
  /** Reads all of a file. */
  read(file: string): Promise<{ arrays: ReadonlyMap<string, SavedArray>; text: ReadonlyMap<string, string> }>
}
