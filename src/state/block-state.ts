/** The values of one block call, or of one loop with all its blocks. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */
import { printableName } from '../errors/printable'
import { setOwn } from '../format/own-property'
import { formatValue, isTensorLike } from './format-value'

/** Tensors of a list that are printed. */
const MOST_TENSORS = 100

/** A bag of attributes: `blockState.x`. An attribute that is not there reads as `undefined`. */
export class BlockState {
  [name: string]: unknown

  constructor(values: Readonly<Record<string, unknown>> = {}) {
    for (const [name, value] of Object.entries(values)) setOwn(this, name, value)
  }

  /** A shallow copy as a plain object. */
  static asDict(blockState: BlockState): Record<string, unknown> {
    return { ...blockState }
  }

  /** Prints names with their values, one each line. */
  static format(blockState: BlockState): string {
    const lines = Object.entries(blockState).map(([name, value]) => `  ${printableName(name)}: ${formatAll(value)}\n`)
    return `BlockState(\n${lines.join('')})`
  }
}

/** One value on one line; of a list of tensors, all of them. */
function formatAll(value: unknown): string {
  if (Array.isArray(value) && isTensorLike(value[0])) {
    const shown = value.slice(0, MOST_TENSORS).map(formatValue)
    return `[${[...shown, ...(value.length > MOST_TENSORS ? ['…'] : [])].join(', ')}]`
  }
  return formatValue(value)
}

// An attribute may have any name, so the class keeps its prototype almost bare: printing hooks in here only.
for (const hook of ['toString', Symbol.for('nodejs.util.inspect.custom')]) {
  Object.defineProperty(BlockState.prototype, hook, {
    value(this: BlockState) {
      return BlockState.format(this)
    },
  })
}
