/** The values of one block call, or of one loop with all its blocks. Counterpart: diffusers modular_pipelines/modular_pipeline.py. */
import { formatValue } from './format-value'

/** A bag of attributes: `blockState.x`. An attribute that is not there reads as `undefined`. */
export class BlockState {
  [name: string]: unknown

  constructor(values: Readonly<Record<string, unknown>> = {}) {
    Object.assign(this, values)
  }

  /** A shallow copy as a plain object. */
  static asDict(blockState: BlockState): Record<string, unknown> {
    return { ...blockState }
  }

  /** Prints names with their values, one each line. */
  static format(blockState: BlockState): string {
    const lines = Object.entries(blockState).map(([name, value]) => `  ${name}: ${formatGroup(value)}\n`)
    return `BlockState(\n${lines.join('')})`
  }
}

function formatGroup(value: unknown): string {
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return `{${Object.entries(value)
      .map(([name, member]) => `${name}: ${formatValue(member)}`)
      .join(', ')}}`
  }
  if (Array.isArray(value) && value.length > 0 && formatValue(value[0]).startsWith('Tensor(')) {
    return `[${value.map(member => formatValue(member)).join(', ')}]`
  }
  return formatValue(value)
}

// An attribute may have any name, so the class keeps its prototype almost bare: printing hooks in here only.
Object.defineProperty(BlockState.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: BlockState) {
    return BlockState.format(this)
  },
})
