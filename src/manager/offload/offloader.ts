/** Keeps the weights of models within the memory that they may take. Counterpart: CustomOffloadHook of diffusers. */
import { UnknownValueError } from '../../errors/unknown-value-error'
import { formatBytes } from '../../format/byte-size'
import { onAbort } from '../../runtime/on-abort'
import type { CallDemand, CallGuard, ManagedModel } from '../managed-model'
import type { ManagerListener } from '../manager-events'
import type { OffloadCandidate, OffloadStrategy } from './offload-strategy'

/** How much memory models may take. */
export interface MemoryBudget {
  /** Bytes of weights of all models together. */
  readonly limit: number
  /** Bytes that stay free of each memory; `undefined` where what is free does not matter. */
  readonly memoryReserveMargin: number | undefined
}

/** A model that lives here. */
interface Tenant {
  readonly model: ManagedModel
  /** Its id in the manager. */
  id: string
  isPinned: boolean
  /** Leaves for good as soon as nobody calls it. */
  isLeaving: boolean
  /** Calls that are under way. */
  calls: number
  /** Bytes that were in memory when the first of them began. */
  before: number
  /** What the calls under way bring into memory, by their form. */
  readonly claims: Map<string, { bytes: number; calls: number }>
  /** When it was last called: the number of calls that had begun before. */
  lastUsed: number
}

/** A call that has not begun. */
interface Waiting {
  readonly tenant: Tenant
  readonly demand: CallDemand
  begin(): void
  refuse(error: unknown): void
}

/**
 * Runs before the calls of all models. A call that loads weights into memory first unloads others; those that are being
 * called stay. If nothing else can make room, a call waits until one of them ends. Calls begin in the order in which
 * they came.
 */
export class Offloader implements CallGuard {
  private readonly tenants = new Map<ManagedModel, Tenant>()
  private readonly queue: Waiting[] = []
  private count = 0
  private isPumping = false

  constructor(
    private budget: MemoryBudget,
    private strategy: OffloadStrategy,
    private readonly tell: ManagerListener,
  ) {}

  get limit(): number {
    return this.budget.limit
  }

  /** Goes by another budget from now on. */
  setBudget(budget: MemoryBudget): void {
    this.budget = budget
    this.pump()
  }

  /** Lets another strategy choose from now on. */
  setStrategy(strategy: OffloadStrategy): void {
    this.strategy = strategy
    this.pump()
  }

  /** Looks after a model from now on. It starts outside memory, unless it is pinned or being called. */
  take(model: ManagedModel, id: string, isPinned: boolean): void {
    // One that was to leave may still be called.
    const known = this.tenants.get(model)
    const fresh = { calls: 0, before: 0, claims: new Map(), lastUsed: 0 }
    const tenant: Tenant = Object.assign(known ?? { model, ...fresh }, { id, isPinned, isLeaving: false })
    this.tenants.set(model, tenant)
    model.guardCalls(this)
    if (!isPinned && tenant.calls === 0) model.offload()
  }

  /** Looks after a model no more. It leaves memory as soon as it is not being called. */
  release(model: ManagedModel): void {
    const tenant = this.tenants.get(model)
    if (tenant === undefined) return
    if (model.callGuard === this) model.guardCalls(undefined)
    tenant.isLeaving = true
    this.leaveIfDone(tenant)
    this.pump()
  }

  setPinned(model: ManagedModel, isPinned: boolean): void {
    const tenant = this.tenants.get(model)
    if (tenant) tenant.isPinned = isPinned
    this.pump()
  }

  async enter(model: ManagedModel, demand: CallDemand, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    const tenant = this.tenants.get(model)
    // It was released in the moment in which the call was made.
    if (tenant === undefined) return () => undefined
    return new Promise((resolve, reject) => {
      let stopListening = () => {}
      const waiting: Waiting = {
        tenant,
        demand,
        begin: () => {
          stopListening()
          resolve(this.claim(tenant, demand))
        },
        refuse: error => {
          stopListening()
          reject(error)
        },
      }
      const giveUp = () => {
        this.drop(waiting, signal?.reason)
        this.pump()
      }
      this.queue.push(waiting)
      if (signal) stopListening = onAbort(signal, giveUp)
      this.pump()
    })
  }

  tryEnter(model: ManagedModel, demand: CallDemand): (() => void) | undefined {
    const tenant = this.tenants.get(model)
    if (tenant === undefined || this.queue.length > 0) return undefined
    if (demand.bytes() > this.freeFor(model)) return undefined
    return this.claim(tenant, demand)
  }

  /** Lets calls begin for which there is room, the first first. */
  private pump(): void {
    // Letting models leave may end calls, which would come here again.
    if (this.isPumping) return
    this.isPumping = true
    try {
      for (let first = this.queue[0]; first !== undefined; first = this.queue[0]) {
        try {
          const hasRoom = this.makeRoom(first.tenant, first.demand)
          // A strategy or a listener may have given it up.
          if (this.queue[0] !== first) continue
          if (!hasRoom) return
          this.queue.shift()
          first.begin()
        } catch (error) {
          this.drop(first, error)
        }
      }
    } finally {
      this.isPumping = false
    }
  }

  /** Lets a call begin no more. */
  private drop(waiting: Waiting, reason: unknown): void {
    const place = this.queue.indexOf(waiting)
    if (place >= 0) this.queue.splice(place, 1)
    waiting.refuse(reason)
    this.leaveIfDone(waiting.tenant)
  }

  /** Whether a call may begin now; if need be, others leave memory for it. */
  private makeRoom(tenant: Tenant, demand: CallDemand): boolean {
    if (tenant.claims.has(demand.form)) return true
    const { model } = tenant
    const bytes = demand.bytes()
    if (bytes === 0) return true
    const free = this.freeFor(model)
    const candidates = this.candidatesFor(model)
    const canBeFreed = candidates.reduce((sum, candidate) => sum + candidate.bytes, 0)
    if (bytes > free + canBeFreed) {
      // What it holds for calls of other forms.
      if (tenant.calls === 0 && isEvictable(tenant)) {
        const { residentBytes } = model
        model.offload()
        if (model.residentBytes < residentBytes) return this.makeRoom(tenant, demand)
      }
      if (this.isAnybodyBusy(model)) return false
    }
    const leaving = this.choose(tenant, bytes, free, candidates)
    for (const { model: other } of leaving) other.offload()
    const offloaded = leaving.map(({ id }) => id)
    this.tell({ type: 'offload', id: tenant.id, bytes, free, candidates: candidates.map(({ id }) => id), offloaded })
    const freed = leaving.reduce((sum, candidate) => sum + candidate.bytes, 0)
    if (bytes > free + freed) {
      if (this.isAnybodyBusy(model)) return false
      this.warnOfTooLittle(tenant, bytes, free + freed)
    }
    return true
  }

  /** What the strategy lets leave. @throws UnknownValueError for an id that is not a candidate's */
  private choose(
    { id, model }: Tenant,
    bytes: number,
    free: number,
    candidates: readonly OffloadCandidate[],
  ): readonly OffloadCandidate[] {
    const chosen = new Set(this.strategy({ id, model, bytes, free, candidates }))
    const known = candidates.map(candidate => candidate.id)
    for (const one of chosen) {
      if (!known.includes(one)) throw new UnknownValueError('The offload strategy', one, known, 'candidate')
    }
    return candidates.filter(candidate => chosen.has(candidate.id))
  }

  /** Records a call that begins; what it gives records its end. */
  private claim(tenant: Tenant, { form, bytes }: CallDemand): () => void {
    const { claims, model } = tenant
    if (tenant.calls === 0) tenant.before = model.residentBytes
    const claim = claims.get(form) ?? { bytes: bytes(), calls: 0 }
    claims.set(form, claim)
    claim.calls++
    tenant.calls++
    tenant.lastUsed = ++this.count
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      tenant.calls--
      if (--claim.calls === 0) {
        claims.delete(form)
        // It stays for a while, beside what other calls claim.
        tenant.before += claim.bytes
      }
      this.leaveIfDone(tenant)
      this.pump()
    }
  }

  private leaveIfDone(tenant: Tenant): void {
    if (!tenant.isLeaving || tenant.calls > 0 || this.queue.some(waiting => waiting.tenant === tenant)) return
    this.tenants.delete(tenant.model)
    if (tenant.model.callGuard === undefined && !tenant.isPinned) tenant.model.offload()
  }

  /** Bytes that a model may take without anybody leaving. */
  private freeFor(model: ManagedModel): number {
    const { limit, memoryReserveMargin } = this.budget
    let inUse = 0
    let expected = 0
    for (const tenant of this.tenants.values()) {
      const resident = tenant.model.residentBytes
      const used = tenant.calls > 0 ? Math.max(resident, bytesClaimed(tenant)) : resident
      inUse += used
      if (tenant.model.memory.name === model.memory.name) expected += used - resident
    }
    const available = memoryReserveMargin === undefined ? undefined : model.memory.available()
    if (memoryReserveMargin === undefined || available === undefined) return limit - inUse
    return Math.min(limit - inUse, available - expected - memoryReserveMargin)
  }

  /** The models that may leave memory for another. */
  private candidatesFor(model: ManagedModel): OffloadCandidate[] {
    return (
      [...this.tenants.values()]
        .filter(tenant => tenant.model !== model && tenant.calls === 0 && isEvictable(tenant))
        // Of the calls that pass by another guard nothing is known here.
        .filter(({ model: { callGuard } }) => callGuard === this || callGuard === undefined)
        .filter(tenant => tenant.model.residentBytes > 0 && this.sharesMemory(tenant.model, model))
        .sort((a, b) => a.lastUsed - b.lastUsed)
        .map(({ id, model: one }) => ({ id, model: one, bytes: one.residentBytes }))
    )
  }

  /** Whether waiting may help: somebody is being called who could leave afterwards. */
  private isAnybodyBusy(model: ManagedModel): boolean {
    return [...this.tenants.values()].some(
      tenant => tenant.calls > 0 && isEvictable(tenant) && this.sharesMemory(tenant.model, model),
    )
  }

  /** Whether one leaving makes room for the other. A limit is for all of them. */
  private sharesMemory(one: ManagedModel, other: ManagedModel): boolean {
    return Number.isFinite(this.budget.limit) || one.memory.name === other.memory.name
  }

  private warnOfTooLittle({ id }: Tenant, bytes: number, free: number): void {
    const message =
      `"${id}" needs ${formatBytes(bytes)} of memory for its weights, but only ${formatBytes(Math.max(0, free))} may still be used, ` +
      'and no other model can be offloaded. It runs anyway.'
    this.tell({ type: 'warning', code: 'OVER_MEMORY_LIMIT', message })
  }
}

/** Whether the weights of a model may leave memory while nobody calls it. */
function isEvictable({ isPinned, model }: Tenant): boolean {
  return !isPinned && model.canOffload
}

/** Bytes that a model will have in memory when what its calls claim has come. */
function bytesClaimed({ before, claims }: Tenant): number {
  return [...claims.values()].reduce((sum, { bytes }) => sum + bytes, before)
}
