/** Which components are being made, and which of them wait for which. */
import { CircularComponentsError } from '../errors/circular-components-error'
import { AsyncContext } from '../platform/async-context'

/** One component that is being made. */
export class Making {
  /** What its class or its factory has asked for and what is still being made. */
  private readonly waitsFor = new Set<Making>()
  /** What a component that it asked for failed with. */
  failure: { readonly error: unknown } | undefined
  private isEnded = false

  private constructor(
    readonly token: string,
    private readonly maker: object,
    readonly askedBy: Making | undefined,
  ) {}

  /**
   * Starts to make a component, for the one that is being made by the calling code, if any.
   *
   * @param maker what makes it, and may be asked again before it is done
   * @throws CircularComponentsError if the same maker has asked for it
   */
  static begin(token: string, maker: object): Making {
    const askedBy = Making.asking
    for (let making = askedBy; making !== undefined; making = making.askedBy) {
      if (making.maker === maker && !making.isEnded) making.refuseToWait(askedBy as Making)
    }
    const making = new Making(token, maker, askedBy)
    askedBy?.waitsFor.add(making)
    return making
  }

  /** What the calling code makes; `undefined` once that is made. */
  private static get asking(): Making | undefined {
    const making = current.get()
    return making?.isEnded ? undefined : making
  }

  /** Takes note that the component that the calling code makes waits for this one. @throws CircularComponentsError if this one waits for it */
  join(): void {
    const asker = Making.asking
    if (asker === undefined) return
    this.refuseToWait(asker)
    asker.waitsFor.add(this)
  }

  /** Calls what makes the component: what it asks for, also after an `await`, is asked for by this one. */
  run<T>(make: () => T): T {
    return current.run(this, make)
  }

  /** The component is there, or has failed. */
  end(failure?: { readonly error: unknown }): void {
    this.isEnded = true
    if (failure && this.askedBy) this.askedBy.failure = failure
  }

  private refuseToWait(asker: Making): void {
    const path = this.pathTo(asker, new Set())
    if (path === undefined) return
    const error = new CircularComponentsError([...path, this.token])
    asker.failure = { error }
    throw error
  }

  /** Tokens from this one to another that it waits for, directly or not. */
  private pathTo(other: Making, seen: Set<Making>): readonly string[] | undefined {
    if (this === other) return [this.token]
    if (this.isEnded || seen.has(this)) return undefined
    seen.add(this)
    for (const next of this.waitsFor) {
      const path = next.pathTo(other, seen)
      if (path !== undefined) return [this.token, ...path]
    }
    return undefined
  }
}

const current = new AsyncContext<Making>()
