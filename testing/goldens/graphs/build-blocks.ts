/** Makes blocks of the graphs of the `blocks` area. */
import {
  AutoPipelineBlocks,
  BlockState,
  ComponentSpec,
  type Components,
  ConditionalPipelineBlocks,
  ConfigSpec,
  InputParam,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  OutputParam,
  type PipelineState,
  SequentialPipelineBlocks,
  type TriggerValues,
} from '../../../src'
import { UnsupportedGoldenError } from '../golden-case'
import type { WireNameTable } from '../wire-name-table'
import { parseExpression, type Scope } from './expression'
import type { BlockGraph, CompositeGraph, GraphInput, GraphOutput, LeafGraph } from './graph'

/** One execution of a leaf. */
export interface Execution {
  block: string
  loop?: Record<string, unknown>
}

/** What the blocks of one case share. */
export interface BuildContext {
  readonly names: WireNameTable
  /** Filled as leaves run. */
  readonly executions: Execution[]
}

/** The error that a `fail` statement raises: the reference's ValueError. */
class GoldenFailure extends Error {}

/** The component of the graphs: a value. */
export class Amount {
  constructor(readonly value: unknown) {}

  static fromConfig(config: Readonly<Record<string, unknown>>): Amount {
    return new Amount(config.value)
  }
}

/** Gives a class the name that the case states. */
function withClassName<T extends abstract new (...args: never[]) => unknown>(type: T, name: string): T {
  return Object.defineProperty(type, 'name', { value: name })
}

/** Makes the block that a graph describes. */
export function buildBlock(graph: BlockGraph, context: BuildContext): ModularPipelineBlocks {
  switch (graph.kind) {
    case 'leaf':
    case 'loop_leaf':
      return buildLeaf(graph, context)
    case 'sequential':
      return buildSequential(graph, context)
    case 'loop':
      return buildLoop(graph, context)
    case 'auto':
    case 'conditional':
      return buildChoice(graph, context)
    default:
      throw new UnsupportedGoldenError(`a block of kind "${(graph as { kind: string }).kind}"`)
  }
}

function inputParams(inputs: readonly GraphInput[] | undefined, { names }: BuildContext): InputParam[] {
  return (inputs ?? []).map(
    input =>
      new InputParam({
        name: input.name === null ? null : names.ours(input.name),
        default: input.default,
        required: input.required ?? false,
        kwargsType: input.kwargs_type ? names.ours(input.kwargs_type) : undefined,
      }),
  )
}

function outputParams(outputs: readonly GraphOutput[] | undefined, { names }: BuildContext): OutputParam[] {
  return (outputs ?? []).map(
    ({ name, kwargs_type }) =>
      new OutputParam({ name: names.ours(name), kwargsType: kwargs_type ? names.ours(kwargs_type) : undefined }),
  )
}

type Body = (
  state: BlockState,
  components: (name: string) => unknown,
  variables: Readonly<Record<string, unknown>>,
) => void

function compileBody(graph: LeafGraph, { names }: BuildContext): Body {
  const statements = (graph.body ?? []).map(statement => {
    if ('set' in statement) {
      const [target, evaluate] = [names.ours(statement.set), parseExpression(statement.expr)]
      return (state: BlockState, scope: Scope) => {
        state[target] = evaluate(scope)
      }
    }
    const when = statement.when === undefined ? () => true : parseExpression(statement.when)
    return (_state: BlockState, scope: Scope) => {
      if (when(scope)) throw new GoldenFailure(statement.fail)
    }
  })
  return (state, components, variables) => {
    const scope: Scope = {
      name: name => (name in variables ? variables[name] : state[names.ours(name)]),
      component: name => (components(names.ours(name)) as Amount).value,
      wireName: name => names.wire(name),
      ourName: name => names.ours(name),
    }
    for (const run of statements) run(state, scope)
  }
}

function buildLeaf(graph: LeafGraph, context: BuildContext): ModularPipelineBlocks {
  const inputs = inputParams(graph.inputs, context)
  const outputs = outputParams(graph.intermediate_outputs, context)
  const components = (graph.components ?? []).map(
    ({ name, value }) => new ComponentSpec({ name: context.names.ours(name), typeHint: Amount, config: { value } }),
  )
  const configs = (graph.configs ?? []).map(
    config => new ConfigSpec({ ...config, name: context.names.ours(config.name) }),
  )
  const body = compileBody(graph, context)

  class Leaf extends ModularPipelineBlocks {
    override get description() {
      return `${graph.class_name} block`
    }
    override get inputs() {
      return inputs
    }
    override get intermediateOutputs() {
      return outputs
    }
    override get expectedComponents() {
      return components
    }
    override get expectedConfigs() {
      return configs
    }
    override call(supplied: Components, state: PipelineState): void {
      context.executions.push({ block: graph.class_name })
      const blockState = this.getBlockState(state)
      body(blockState, name => supplied.get(name), {})
      this.setBlockState(state, blockState)
    }
  }

  // In a loop, the declared names are reached through `this`, as any block reaches them.
  class LoopLeaf extends Leaf {
    // A body may name values that only its loop or its siblings declare.
    override get viewNames() {
      const { parameters, components } = super.viewNames
      const texts = (graph.body ?? []).flatMap(statement => Object.values(statement))
      const words = texts.flatMap(text => text.match(/[A-Za-z_]\w*/g) ?? [])
      return { parameters: new Set([...parameters, ...words.map(word => context.names.ours(word))]), components }
    }

    @LoopStep()
    step(variables: Record<string, unknown>): void {
      context.executions.push({ block: graph.class_name, loop: variables })
      body(this as unknown as BlockState, name => (this as unknown as Record<string, unknown>)[name], variables)
    }
  }
  return new (withClassName(graph.kind === 'leaf' ? Leaf : LoopLeaf, graph.class_name))()
}

function parts(graph: CompositeGraph, context: BuildContext) {
  const blocks = graph.blocks.map(part => buildBlock(part.block, context))
  const blockNames = [...graph.blocks.map(part => part.name), ...(graph.extra_block_names ?? [])].map(name =>
    context.names.ours(name),
  )
  return { blocks, blockNames }
}

function buildSequential(graph: CompositeGraph, context: BuildContext): ModularPipelineBlocks {
  const { blocks, blockNames } = parts(graph, context)
  const spelling = (triggers: Record<string, true>) =>
    Object.fromEntries(Object.keys(triggers).map(name => [context.names.ours(name), true as const]))
  const workflows =
    graph.workflows &&
    Object.fromEntries(
      Object.entries(graph.workflows).map(([name, triggers]) => [
        name,
        Array.isArray(triggers) ? triggers.map(spelling) : spelling(triggers),
      ]),
    )
  class Sequence extends SequentialPipelineBlocks {
    protected override get blockClasses() {
      return blocks
    }
    protected override get blockNames() {
      return blockNames
    }
    override get workflowMap() {
      return workflows
    }
  }
  return new (withClassName(Sequence, graph.class_name))()
}

function buildLoop(graph: CompositeGraph, context: BuildContext): ModularPipelineBlocks {
  const { blocks, blockNames } = parts(graph, context)
  const { over } = graph
  if (over === undefined)
    throw new UnsupportedGoldenError(`the loop ${graph.class_name}, which says not what it runs over`)
  const counts = 'count' in over
  const source = context.names.ours(counts ? over.count : over.items)
  const inputs = inputParams(graph.loop_inputs, context)
  const outputs = outputParams(graph.loop_intermediate_outputs, context)
  class Loop extends LoopSequentialPipelineBlocks {
    protected override get blockClasses() {
      return blocks
    }
    protected override get blockNames() {
      return blockNames
    }
    override get loopInputs() {
      return inputs
    }
    override get loopIntermediateOutputs() {
      return outputs
    }
    async run(): Promise<void> {
      const values = (this as unknown as Record<string, number | unknown[]>)[source]
      if (counts) for (let i = 0; i < (values as number); i++) await this.loopStep({ i })
      else for (const [i, t] of (values as unknown[]).entries()) await this.loopStep({ i, t })
    }
  }
  return new (withClassName(Loop, graph.class_name))()
}

function buildChoice(graph: CompositeGraph, context: BuildContext): ModularPipelineBlocks {
  const { names } = context
  const { blocks, blockNames } = parts(graph, context)
  const triggers = (graph.block_trigger_inputs ?? []).map(name => (name === null ? null : names.ours(name)))
  if (graph.kind === 'auto') {
    class Auto extends AutoPipelineBlocks {
      protected override get blockClasses() {
        return blocks
      }
      protected override get blockNames() {
        return blockNames
      }
      override get blockTriggerInputs() {
        return triggers
      }
    }
    return new (withClassName(Auto, graph.class_name))()
  }
  const rules = (graph.select ?? []).map(({ present = [], absent = [], block }) => ({
    present: present.map(name => names.ours(name)),
    absent: absent.map(name => names.ours(name)),
    block: names.ours(block),
  }))
  const defaultName = graph.default_block_name ? names.ours(graph.default_block_name) : undefined
  class Conditional extends ConditionalPipelineBlocks {
    protected override get blockClasses() {
      return blocks
    }
    protected override get blockNames() {
      return blockNames
    }
    override get blockTriggerInputs() {
      return triggers
    }
    override get defaultBlockName() {
      return defaultName
    }
    override selectBlock(given: TriggerValues): string | undefined {
      const there = (name: string) => given[name] !== undefined
      return rules.find(rule => rule.present.every(there) && !rule.absent.some(there))?.block
    }
  }
  return new (withClassName(Conditional, graph.class_name))()
}
