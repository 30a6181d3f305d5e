/** The pipelines that a server offers, with what checks their inputs. */
import type { BlocksSchema, JsonSchema, ModularPipelineBlocks } from '../../src'
import { nameList, UNSENDABLE_KEY } from '../../src'
import { workflowsOf } from '../../src/documentation/triggers'
import { isPipelineName } from '../queue/new-job'
import { offeredComponents } from '../studio/component-choices'
import type { Choices } from '../studio/offered-components'
import { InvalidServerOptionError } from './invalid-server-option-error'
import { fieldProblem, Problem } from './problem'
import { makeValidator, type Validator } from './validate-inputs'

/** A pipeline, as far as a server needs it to check what is sent: a `ModularPipeline` is one. */
export interface CataloguedPipeline {
  /** The blocks of the pipeline. */
  readonly blocks: ModularPipelineBlocks
  /** Tells the class of the scheduler, for clients that name samplers. */
  getComponentSpec?(name: string): { readonly className?: string | undefined } | undefined
}

/** What is checked, and said, of a pipeline or of one of its workflows. */
export interface CatalogTask {
  readonly blocks: ModularPipelineBlocks
  readonly schema: BlocksSchema
  readonly validate: Validator
}

/** A pipeline in the catalogue. */
export interface CatalogEntry extends CatalogTask {
  readonly name: string
  readonly description: string
  readonly workflows: ReadonlyMap<string, CatalogTask>
  /** Outputs that can be sent, among those that the blocks are for. */
  readonly outputs: readonly string[]
  /** Schedulers and guiders that a job may choose. */
  readonly components: Choices
  /** Class name of the scheduler, where it is known. */
  readonly scheduler: string | undefined
}

/** All pipelines of a server, by name. */
export class Catalog {
  private readonly entries = new Map<string, CatalogEntry>()

  /** @throws InvalidServerOptionError for a name that no address can hold, no pipeline, or one of which no job could be asked for */
  constructor(pipelines: Readonly<Record<string, CataloguedPipeline>>) {
    for (const [name, pipeline] of Object.entries(pipelines)) {
      if (!isPipelineName(name)) {
        const expected = 'expected letters, digits, ".", "_" and "-".'
        throw new InvalidServerOptionError(
          `pipelines.${name}`,
          `the name of a pipeline is part of addresses; ${expected}`,
        )
      }
      this.entries.set(name, makeEntry(name, pipeline))
    }
    if (this.entries.size === 0) throw new InvalidServerOptionError('pipelines', 'name at least one pipeline.')
  }

  /** The pipelines, in the order in which they were named. */
  get all(): readonly CatalogEntry[] {
    return [...this.entries.values()]
  }

  /** The pipeline of a request that names none: the first. */
  get first(): CatalogEntry {
    return this.all[0] as CatalogEntry
  }

  /** The pipeline of a name. */
  get(name: string): CatalogEntry | undefined {
    return this.entries.get(name)
  }

  /** The pipeline of a name in an address. @throws Problem (404) */
  require(name: string): CatalogEntry {
    const entry = this.get(name)
    if (entry === undefined) throw new Problem(404, 'unknown-pipeline', 'There is no such pipeline.')
    return entry
  }

  /** Finds what a request names. @throws Problem that names the field */
  find(pipeline: string | undefined, workflow: string | undefined): { entry: CatalogEntry; task: CatalogTask } {
    const entry = pipeline === undefined ? this.first : this.get(pipeline)
    if (entry === undefined) throw unknownName('pipeline', [...this.entries.keys()])
    if (workflow === undefined) return { entry, task: entry }
    const task = entry.workflows.get(workflow)
    if (task === undefined) throw unknownName('workflow', [...entry.workflows.keys()])
    return { entry, task }
  }
}

function unknownName(field: string, known: readonly string[]): Problem {
  return fieldProblem([field], `There is no such ${field}; there are ${nameList(known)}.`)
}

function makeEntry(name: string, pipeline: CataloguedPipeline): CatalogEntry {
  const { blocks } = pipeline
  const task = makeTask(name, blocks, blocks.jsonSchema())
  const outputs = Object.keys(task.schema.outputs.properties ?? {})
  if (outputs.length === 0) {
    throw new InvalidServerOptionError(`pipelines.${name}`, 'none of its outputs can be sent as JSON.')
  }
  const workflows = new Map<string, CatalogTask>()
  for (const { name: workflow } of workflowsOf(blocks) ?? []) {
    const part = blocks.getWorkflow(workflow)
    workflows.set(workflow, makeTask(`${name}, workflow ${workflow}`, part, blocks.jsonSchema({ workflow })))
  }
  const ownClass = (component: string) => pipeline.getComponentSpec?.(component)?.className
  let components: CatalogEntry['components'] | undefined
  return {
    ...task,
    name,
    description: blocks.description,
    workflows,
    outputs,
    // Many servers are never asked for it.
    get components() {
      components ??= offeredComponents(blocks, ownClass)
      return components
    },
    scheduler: ownClass('scheduler'),
  }
}

function makeTask(name: string, blocks: ModularPipelineBlocks, schema: BlocksSchema): CatalogTask {
  const missing = unsendableRequired(schema.inputs)
  if (missing.length > 0) {
    const problem = `it requires ${nameList(missing)}, which cannot be sent as JSON.`
    throw new InvalidServerOptionError(`pipelines.${name}`, problem)
  }
  return { blocks, schema, validate: makeValidator(schema.inputs, ['inputs']) }
}

function unsendableRequired({ required = [], [UNSENDABLE_KEY]: unsendable = {} }: JsonSchema): string[] {
  return required.filter(name => Object.hasOwn(unsendable, name))
}
