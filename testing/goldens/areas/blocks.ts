/** The `blocks` area: graphs are built from their JSON, asked what they declare, and run. */

import { ModularPipeline, type ModularPipelineBlocks, PipelineState, type WarningEvent } from '../../../src'
import { classNameOf } from '../../../src/format/class-name'
import { expectEqual, GoldenMismatch } from '../compare'
import { expectSameKind, isAllowedHere, type RecordedError } from '../error-kinds'
import type { GoldenCase, Json, Tolerance } from '../golden-case'
import { type BuildContext, buildBlock } from '../graphs/build-blocks'
import type { BlockGraph } from '../graphs/graph'
import { WireNameTable } from '../wire-name-table'

interface RecordedRun {
  arguments: { name?: string; inputs?: Json; output?: unknown; state_from_run?: string }
  state?: { values: Json; kwargs_mapping: Record<string, string[]> }
  output?: unknown
  error?: RecordedError
  warnings?: string[]
  execution?: Json[]
}

/** Runs one case.
 * @throws GoldenMismatch at the first difference */
export async function checkBlocksCase(golden: GoldenCase): Promise<void> {
  const { json } = golden
  const tolerance = golden.tolerance({ atol: 1e-9, rtol: 1e-12 })
  if (Array.isArray(json.log)) return checkStateLog(json.log)
  if (Array.isArray(json.rows)) return checkRefusals(json.rows)

  const context: BuildContext = { names: new WireNameTable(), executions: [] }
  const build = () => buildBlock(json.graph as BlockGraph, context)
  if (json.introspection) checkIntrospection('introspection', build(), json.introspection as Json, context)
  await checkRuns('runs', build(), (json.runs ?? []) as RecordedRun[], context, tolerance)
  for (const [i, entry] of ((json.get_execution_blocks ?? []) as Json[]).entries()) {
    checkExecutionBlocks(`get_execution_blocks[${i}]`, build(), entry, context)
  }
  for (const edit of (json.edits ?? []) as Json[]) {
    const blocks = build()
    for (const operation of edit.operations as Json[]) applyEdit(blocks, operation, context)
    checkIntrospection(`edits.${edit.name}`, blocks, edit.introspection as Json, context)
    await checkRuns(`edits.${edit.name}.runs`, blocks, (edit.runs ?? []) as RecordedRun[], context, tolerance)
  }
  if (json.pipeline_class) {
    expectEqual('pipeline_class', ModularPipeline.name, json.pipeline_class)
  }
}

function applyEdit(blocks: ModularPipelineBlocks, operation: Json, context: BuildContext): void {
  const name = context.names.ours(operation.name as string)
  const { subBlocks } = blocks
  if (operation.op === 'remove') {
    subBlocks.pop(name)
    return
  }
  const block = buildBlock(operation.block as BlockGraph, context)
  if (operation.op === 'insert') subBlocks.insert(name, block, operation.index as number)
  else if (operation.op === 'set') subBlocks.set(name, block)
  else throw new GoldenMismatch('edits', 'insert, set or remove', String(operation.op))
}

/** Turns recorded names to our spelling inside a value that is keyed by names. */
function ourKeys(map: Json, { names }: BuildContext): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [names.ours(key), value]))
}

/** Inputs of a run: a map that is passed for a group is keyed by names too. */
function ourInputs(inputs: Json, context: BuildContext): Record<string, unknown> {
  const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
  const values = Object.entries(inputs).map(([name, value]) => [name, isMap(value) ? ourKeys(value, context) : value])
  return ourKeys(Object.fromEntries(values) as Json, context)
}

function checkIntrospection(where: string, blocks: ModularPipelineBlocks, recorded: Json, context: BuildContext): void {
  const ours = (name: unknown) => (name === null ? null : context.names.ours(name as string))
  const list = (value: unknown) => (value as string[]).map(ours)
  const params = (value: unknown) =>
    (value as Json[]).map(param => ({
      ...param,
      name: ours(param.name),
      kwargs_type: ours(param.kwargs_type),
      ...(param.defaults_by_block ? { defaults_by_block: ourKeys(param.defaults_by_block as Json, context) } : {}),
    }))
  const inputs = (block: ModularPipelineBlocks) =>
    block.inputs.map(({ name, kwargsType, required, default: value, defaultsByBlock }) => ({
      name,
      kwargs_type: kwargsType,
      required,
      default: value,
      defaults_by_block: defaultsByBlock,
    }))
  const outputs = (params: ModularPipelineBlocks['outputs']) =>
    params.map(({ name, kwargsType }) => ({ name, kwargs_type: kwargsType }))

  const parent = Object.getPrototypeOf(Object.getPrototypeOf(blocks)) as { constructor: { name: string } }
  const checks: Record<string, readonly [got: unknown, expected: unknown]> = {
    class: [classNameOf(blocks), recorded.class],
    // A leaf of a loop is built as a subclass of its leaf class, which stands where the reference has one class.
    base: [classNameOf(parent) === 'Leaf' ? 'ModularPipelineBlocks' : classNameOf(parent), recorded.base],
    sub_blocks: [[...blocks.subBlocks.keys()], list(recorded.sub_blocks)],
    inputs: [inputs(blocks), params(recorded.inputs)],
    required_inputs: [[...blocks.requiredInputs].sort(), list(recorded.required_inputs).sort()],
    intermediate_outputs: [outputs(blocks.intermediateOutputs), params(recorded.intermediate_outputs)],
    outputs: [outputs(blocks.outputs), params(recorded.outputs)],
    input_names: [blocks.inputNames, list(recorded.input_names)],
    output_names: [blocks.outputNames, list(recorded.output_names)],
    expected_components: [blocks.componentNames, list(recorded.expected_components)],
    expected_configs: [
      blocks.expectedConfigs.map(({ name, default: value }) => ({ name, default: value })),
      (recorded.expected_configs as Json[]).map(config => ({ ...config, name: ours(config.name) })),
    ],
  }
  for (const [field, [got, expected]] of Object.entries(checks)) expectEqual(`${where}.${field}`, got, expected)
  checkWorkflows(`${where}.workflows`, blocks, recorded, list, params, inputs)
}

function checkWorkflows(
  where: string,
  blocks: ModularPipelineBlocks,
  recorded: Json,
  list: (names: unknown) => unknown,
  params: (list: unknown) => unknown,
  inputs: (block: ModularPipelineBlocks) => unknown,
): void {
  if (recorded.workflows_error) {
    expectError(where, () => blocks.availableWorkflows, recorded.workflows_error as RecordedError)
  } else if (recorded.workflows) {
    const workflows = recorded.workflows as Record<string, Json>
    expectEqual(where, blocks.availableWorkflows, Object.keys(workflows))
    for (const [name, workflow] of Object.entries(workflows)) {
      const resolved = blocks.getWorkflow(name)
      expectEqual(`${where}.${name}.blocks`, [...resolved.subBlocks.keys()], list(workflow.blocks))
      expectEqual(`${where}.${name}.inputs`, inputs(resolved), params(workflow.inputs))
    }
  }
}

function checkExecutionBlocks(where: string, blocks: ModularPipelineBlocks, entry: Json, context: BuildContext): void {
  const chosen = blocks.getExecutionBlocks(ourKeys(entry.arguments as Json, context))
  const expected = entry.blocks as string[] | null
  if (chosen === undefined || expected === null) {
    expectEqual(where, chosen && classNameOf(chosen), expected)
  } else if (chosen.subBlocks.size > 0) {
    expectEqual(
      where,
      [...chosen.subBlocks.keys()],
      expected.map(name => context.names.ours(name)),
    )
  } else {
    expectEqual(where, [classNameOf(chosen)], expected)
  }
}

async function checkRuns(
  where: string,
  blocks: ModularPipelineBlocks,
  runs: readonly RecordedRun[],
  context: BuildContext,
  tolerance: Tolerance,
): Promise<void> {
  const pipe = blocks.initPipeline()
  const states = new Map<string, PipelineState>()
  for (const [i, run] of runs.entries()) {
    const at = `${where}[${i}]`
    context.executions.length = 0
    const warnings: WarningEvent[] = []
    const { inputs = {}, output, state_from_run: from, name } = run.arguments
    const options = {
      ...(output === undefined || output === null ? {} : { output: ourOutput(output, context) as string }),
      ...(from === undefined ? {} : { state: states.get(from) as PipelineState }),
      onEvent: (event: { type: string }) => {
        if (event.type === 'warning') warnings.push(event as WarningEvent)
      },
    }
    let result: unknown
    let failure: unknown
    try {
      result = await pipe.run(ourInputs(inputs, context), options)
    } catch (error) {
      failure = error
    }
    if (run.error) {
      if (failure === undefined) throw new GoldenMismatch(at, `${run.error.type} "${run.error.message}"`, 'no error')
      expectSameKind(at, failure, run.error)
      continue // An error raised before the first block has run fewer blocks than one raised midway.
    }
    if (failure !== undefined) throw new GoldenMismatch(at, 'no error', String(failure))
    if (run.state) checkState(`${at}.state`, result as PipelineState, run.state, context, tolerance)
    if ('output' in run) checkOutput(`${at}.output`, result, run.output, output, context, tolerance)
    if (name !== undefined && result instanceof PipelineState) states.set(name, result)
    checkWarnings(`${at}.warnings`, warnings, run.warnings ?? [], context)
    expectEqual(`${at}.execution`, context.executions, run.execution ?? [], tolerance)
  }
}

function ourOutput(output: unknown, { names }: BuildContext): unknown {
  if (typeof output === 'string') return names.ours(output)
  return Array.isArray(output) ? output.map(name => names.ours(name as string)) : output
}

function checkOutput(
  where: string,
  got: unknown,
  recorded: unknown,
  asked: unknown,
  context: BuildContext,
  tolerance: Tolerance,
): void {
  expectEqual(where, got, Array.isArray(asked) ? ourKeys(recorded as Json, context) : recorded, tolerance)
}

function checkState(
  where: string,
  got: PipelineState,
  recorded: NonNullable<RecordedRun['state']>,
  context: BuildContext,
  tolerance: Tolerance,
): void {
  const { values, kwargsMapping } = got.toObject()
  const groups = Object.entries(recorded.kwargs_mapping).map(([group, names]) => [
    context.names.ours(group),
    names.map(name => context.names.ours(name)),
  ])
  expectEqual(`${where}.values`, values, ourKeys(recorded.values, context), tolerance)
  expectEqual(`${where}.kwargs_mapping`, kwargsMapping, Object.fromEntries(groups))
}

/** The reference warns of all unknown names at once, we of each. */
function checkWarnings(
  where: string,
  got: readonly WarningEvent[],
  recorded: readonly string[],
  context: BuildContext,
): void {
  const unknown = recorded.flatMap(text => [...(/dict_keys\(\[(.*)\]\)/.exec(text)?.[1]?.matchAll(/'([^']+)'/g) ?? [])])
  const names = unknown.map(match => context.names.ours(match[1] as string))
  const warned = got
    .filter(warning => warning.code === 'UNKNOWN_INPUT')
    .map(warning => /"([^"]+)"/.exec(warning.message)?.[1])
  expectEqual(where, warned.sort(), names.sort())
}

function expectError(where: string, action: () => unknown, recorded: RecordedError): void {
  let failure: unknown
  try {
    action()
  } catch (error) {
    failure = error
  }
  if (failure === undefined) throw new GoldenMismatch(where, `${recorded.type} "${recorded.message}"`, 'no error')
  expectSameKind(where, failure, recorded)
}

/** What is refused when a block is made. */
function checkRefusals(rows: readonly Json[]): void {
  for (const row of rows) {
    const recorded = row.error as RecordedError
    const context: BuildContext = { names: new WireNameTable(), executions: [] }
    const make = () => {
      const blocks = buildBlock(row.graph as BlockGraph, context)
      // The row that asks for a workflow asks for one that is not there.
      const workflow = /^Workflow '(.+?)' not found/.exec(recorded.message)?.[1]
      return workflow === undefined ? blocks.subBlocks : blocks.getWorkflow(workflow)
    }
    if (isAllowedHere(recorded)) make()
    else expectError(`rows.${row.name}`, make, recorded)
  }
}

/** Operations on one state, one after another. */
function checkStateLog(log: readonly Json[]): void {
  const state = new PipelineState()
  const operations: Record<string, (...args: never[]) => unknown> = {
    set: (name: string, value: unknown, group: string | null) => state.set(name, value, group ?? undefined),
    get: (name: string, fallback: unknown) => state.get(name, fallback),
    get_by_kwargs: (group: string) => state.getByKwargs(group),
    attr: (name: string) => state.at(name),
    to_dict: () => wireState(state),
  }
  for (const [i, entry] of log.entries()) {
    const [name, ...args] = entry.operation as [string, ...never[]]
    const where = `log[${i}] ${name}`
    const operation = operations[name]
    if (operation === undefined) throw new GoldenMismatch(where, 'a known operation', name)
    if (entry.error) expectError(where, () => operation(...args), entry.error as RecordedError)
    else {
      expectEqual(`${where}.result`, operation(...args), entry.result)
      expectEqual(`${where}.after`, wireState(state), entry.after)
    }
  }
}

function wireState(state: PipelineState): Json {
  const { values, kwargsMapping } = state.toObject()
  return { values, kwargs_mapping: kwargsMapping }
}
