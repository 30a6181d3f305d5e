/**
 * Who owns the resources of a run. A resource belongs to the block that makes it until the block ends. If the state
 * then refers to it, it belongs to the run until that ends; otherwise it is disposed at once.
 */
import { collectResources, disposeResource, resourceKindOf } from './resources'

/** The resources that a running block has made, and those it has read and may still hold in a local variable. */
export class Frame {
  readonly created: object[] = []
  readonly pinned = new Set<unknown>()

  constructor(readonly parent: Frame | undefined) {}
}

/** All resources of a run. */
export class Lifetimes {
  /** Resources that outlived the block that made them. */
  private readonly owned = new Set<object>()
  private readonly root = new Frame(undefined)
  private frame: Frame = this.root
  /** Values that keep resources alive: the state, and the block states of running loops. */
  private readonly roots: (() => Iterable<readonly [string, unknown]>)[] = []

  /** Gives a new resource to the block that runs now. */
  track(resource: object): void {
    this.frame.created.push(resource)
  }

  /** Gives a new resource to the run as a whole: it lives until the run ends. */
  trackForRun(resource: object): void {
    this.root.created.push(resource)
  }

  /** Keeps a value, which the running block has read, until the block ends. */
  pin(value: unknown): void {
    if (typeof value === 'object' && value !== null) this.frame.pinned.add(value)
  }

  /** Makes the values of a state or of a running loop count as in use; undone by {@link removeRoot}. */
  addRoot(root: () => Iterable<readonly [string, unknown]>): void {
    this.roots.push(root)
  }

  /** Undoes the latest {@link addRoot}. */
  removeRoot(): void {
    this.roots.pop()
  }

  /** A block begins. */
  enter(): Frame {
    this.frame = new Frame(this.frame)
    return this.frame
  }

  /** The block that began last ends: what it made and nothing refers to is disposed. */
  leave(frame: Frame): void {
    if (frame.parent === undefined || !this.isRunning(frame)) return
    frame.pinned.clear()
    this.settle(frame)
    this.frame = frame.parent
  }

  /** Sorts out what a block has made so far. Does nothing for a block that made nothing. */
  settle(frame: Frame): void {
    if (frame.created.length === 0) return
    const made = frame.created.splice(0)
    const reached = this.reach()
    for (const resource of this.owned) if (!reached.has(resource)) this.release(resource)
    for (const resource of made) {
      if (reached.has(resource)) this.owned.add(resource)
      else disposeResource(resource)
    }
  }

  /** Resources that a block has made and put somewhere, with the name they were put under. */
  *fresh(frame: Frame): Iterable<readonly [string, object]> {
    const created = new Set(frame.created)
    for (const root of this.roots) {
      for (const [name, value] of root()) {
        const found = new Set<object>()
        collectResources(value, found, new Set())
        for (const resource of found) if (created.has(resource)) yield [name, resource]
      }
    }
  }

  /** The run is over: everything goes, but what the result refers to. Returns the resources that the caller now owns. */
  close(result: unknown): object[] {
    const kept = new Set<object>()
    collectResources(result, kept, new Set())
    const returned: object[] = []
    for (let frame: Frame | undefined = this.frame; frame; frame = frame.parent) {
      for (const resource of frame.created) this.owned.add(resource)
    }
    for (const resource of this.owned) {
      if (!kept.has(resource)) disposeResource(resource)
      else if (resourceKindOf(resource)?.isDisposed(resource) === false) returned.push(resource)
    }
    this.owned.clear()
    return returned
  }

  private isRunning(frame: Frame): boolean {
    for (let open: Frame | undefined = this.frame; open; open = open.parent) if (open === frame) return true
    return false
  }

  private release(resource: object): void {
    this.owned.delete(resource)
    disposeResource(resource)
  }

  private reach(): Set<object> {
    const found = new Set<object>()
    const visited = new Set<object>()
    for (const root of this.roots) for (const [, value] of root()) collectResources(value, found, visited)
    for (let frame: Frame | undefined = this.frame; frame; frame = frame.parent) {
      for (const value of frame.pinned) collectResources(value, found, visited)
    }
    return found
  }
}
