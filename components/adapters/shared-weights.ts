/** Weights that pipelines and runs share. */

/** Counts who holds some weights, and disposes them when nobody does: an adapter may be deleted while a run computes with it. */
export class SharedWeights {
  private holders = 0

  private readonly modules: { dispose(): void }[]

  constructor(modules: readonly { dispose(): void }[]) {
    this.modules = [...modules]
  }

  /** Lets something be disposed together with them. */
  add(module: { dispose(): void }): void {
    this.modules.push(module)
  }

  /** Says that one more holds them. */
  retain(): void {
    this.holders++
  }

  /** Says that one of those who held them does no more. */
  release(): void {
    this.holders--
    if (this.holders > 0) return
    for (const module of this.modules) module.dispose()
  }
}
