/** Pipelines with the components of another one: of single workflows, and with components that a job chooses. */
import type { Job } from '../jobs/job'
import { makeChosen } from './chosen-components'
import type { ServedPipeline } from './pipeline-source'

/** Derived pipelines that are kept for further jobs. */
const MOST_KEPT = 32

/** A derived pipeline, and what the other one was then. */
interface Derived {
  readonly pipe: ServedPipeline
  readonly config: ServedPipeline['config']
  readonly components: Readonly<Record<string, unknown>>
}

/** What is derived from one pipeline, which stays as it is. */
export class DerivedPipelines {
  /** The one that was used last is the last. */
  private readonly made = new Map<string, Derived>()

  constructor(private readonly pipe: ServedPipeline) {}

  /**
   * The pipeline that runs a job, with the limits, settings and components that the other one has now. It is valid until the next one is asked for.
   *
   * @throws UnknownWorkflowError; UnknownSchedulerError, UnknownGuiderError, ConfigError
   */
  for({ workflow, components }: Pick<Job, 'workflow' | 'components'>): ServedPipeline {
    if (workflow === undefined && components === undefined) return this.pipe
    const key = JSON.stringify([workflow, components])
    this.forgetOld(key)
    const found = this.made.get(key) ?? this.derive(workflow, components)
    this.made.delete(key)
    this.made.set(key, found)
    this.forgetFirst()
    found.pipe.limits = this.pipe.limits
    return found.pipe
  }

  /** Releases them. Components of the pipeline stay. */
  dispose(): void {
    for (const { pipe } of this.made.values()) pipe.dispose()
    this.made.clear()
  }

  private derive(workflow: string | undefined, choice: Job['components']): Derived {
    const { config, components, blocks: own } = this.pipe
    const chosen = makeChosen(choice ?? {}, components)
    const blocks = workflow === undefined ? own : own.getWorkflow(workflow)
    const pipe: ServedPipeline = blocks.initPipeline()
    const settings = Object.entries(config).filter(([name]) => name in pipe.config)
    pipe.registerToConfig(Object.fromEntries(settings))
    const present = Object.entries({ ...components, ...chosen }).filter(
      ([name, value]) => value !== undefined && pipe.componentNames.includes(name),
    )
    pipe.updateComponents(Object.fromEntries(present))
    return { pipe, config, components }
  }

  /** Forgets one if the owner of the pipeline has changed its settings or components since. */
  private forgetOld(key: string): void {
    const known = this.made.get(key)
    if (known === undefined) return
    const now: Readonly<Record<string, unknown>> = this.pipe.components
    const isSame = Object.entries(now).every(([name, value]) => value === known.components[name])
    if (isSame && known.config === this.pipe.config) return
    this.made.delete(key)
    known.pipe.dispose()
  }

  private forgetFirst(): void {
    const [first] = this.made
    if (first === undefined || this.made.size <= MOST_KEPT) return
    this.made.delete(first[0])
    first[1].pipe.dispose()
  }
}
