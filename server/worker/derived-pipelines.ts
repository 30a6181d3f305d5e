/** Pipelines with the components of another one: of single workflows, and with components that a job chooses. */
import type { Job } from '../jobs/job'
import { makeChosen } from './chosen-components'
import type { ServedPipeline } from './pipeline-source'

/** Derived pipelines that are kept for further jobs. */
const MOST_KEPT = 32

/** What is derived from one pipeline, which stays as it is. */
export class DerivedPipelines {
  /** The one that was used last is the last. */
  private readonly made = new Map<string, ServedPipeline>()

  constructor(private readonly pipe: ServedPipeline) {}

  /**
   * The pipeline that runs a job. It is valid until the next one is asked for.
   *
   * @throws UnknownWorkflowError; UnknownSchedulerError, UnknownGuiderError, ConfigError
   */
  for({ workflow, components }: Pick<Job, 'workflow' | 'components'>): ServedPipeline {
    if (workflow === undefined && components === undefined) return this.pipe
    const key = JSON.stringify([workflow, components])
    const found = this.made.get(key) ?? this.derive(workflow, components)
    this.made.delete(key)
    this.made.set(key, found)
    this.forgetFirst()
    return found
  }

  /** Releases them. Components of the pipeline stay. */
  dispose(): void {
    for (const made of this.made.values()) made.dispose()
    this.made.clear()
  }

  private derive(workflow: string | undefined, components: Job['components']): ServedPipeline {
    const { pipe } = this
    const chosen = makeChosen(components ?? {}, pipe.components)
    const blocks = workflow === undefined ? pipe.blocks : pipe.blocks.getWorkflow(workflow)
    const made: ServedPipeline = blocks.initPipeline()
    const settings = Object.entries(pipe.config).filter(([name]) => name in made.config)
    made.registerToConfig(Object.fromEntries(settings))
    made.limits = pipe.limits
    const present = Object.entries({ ...pipe.components, ...chosen }).filter(
      ([name, value]) => value !== undefined && made.componentNames.includes(name),
    )
    made.updateComponents(Object.fromEntries(present))
    return made
  }

  private forgetFirst(): void {
    const [first] = this.made
    if (first === undefined || this.made.size <= MOST_KEPT) return
    this.made.delete(first[0])
    first[1].dispose()
  }
}
