/** A model whose weights are a number, and the memory that it is counted in. */
import type { CallGuard, ManagedModel, ModelMemory } from '../../../src'

/** Counts the bytes of models, and remembers the most there have been. */
export class ToyMemory implements ModelMemory {
  readonly name = 'toy'
  used = 0
  peak = 0

  /** @param size - bytes that there are; `undefined` if nobody knows */
  constructor(public size: number | undefined = undefined) {}

  available(): number | undefined {
    return this.size === undefined ? undefined : this.size - this.used
  }

  add(bytes: number): void {
    this.used += bytes
    this.peak = Math.max(this.peak, this.used)
  }
}

export interface ToyModelOptions {
  canOffload?: boolean
}

export class ToyModel implements ManagedModel {
  readonly dtype: string = 'float32'
  readonly device: string = 'toy device'
  readonly canOffload: boolean
  residentBytes = 0
  callGuard: CallGuard | undefined
  /** How often the weights came. */
  loads = 0

  constructor(
    readonly memoryFootprint: number,
    readonly memory: ToyMemory = new ToyMemory(),
    { canOffload = true }: ToyModelOptions = {},
  ) {
    this.canOffload = canOffload
  }

  get isInMemory(): boolean {
    return this.residentBytes > 0
  }

  offload(): void {
    if (!this.canOffload) return
    this.memory.add(-this.residentBytes)
    this.residentBytes = 0
  }

  guardCalls(guard: CallGuard | undefined): void {
    this.callGuard = guard
  }

  /** Brings the weights into memory and computes for as long as `work` takes. */
  async call(work: Promise<unknown> = Promise.resolve(), signal?: AbortSignal): Promise<void> {
    const demand = { form: '', bytes: () => this.memoryFootprint - this.residentBytes }
    const leave = (await this.callGuard?.enter(this, demand, signal)) ?? (() => undefined)
    try {
      if (!this.isInMemory) {
        this.loads++
        this.memory.add(this.memoryFootprint)
        this.residentBytes = this.memoryFootprint
      }
      await work
    } finally {
      leave()
    }
  }
}

/** Work that ends when it is told to. */
export function makeWork(): { work: Promise<void>; finish: () => void } {
  let finish: () => void = () => undefined
  const work = new Promise<void>(resolve => {
    finish = resolve
  })
  return { work, finish }
}

/** Waits until everything has happened that can. */
export const settle = () => new Promise(setImmediate)
