import fc from 'fast-check'
import {
  MissingInputError,
  MissingOutputError,
  type ModularPipelineBlocks,
  PipelineValidationError,
} from '../../../src'
import { fillState } from '../../../src/pipeline/fill-state'
import { withActiveRun } from '../../../src/runtime/active-run'
import { componentsPrototype, makeComponents } from '../../../src/runtime/components'
import { executeBlock } from '../../../src/runtime/execute'
import { Run } from '../../../src/runtime/run'
import { expectWarnings } from '../../expected-warnings'
import {
  buildPipeline,
  givenValues,
  type LeafPlan,
  leafResult,
  NAMES,
  type Plan,
  plans,
} from '../fixtures/random-trees'

expectWarnings('UNKNOWN_INPUT', 'UNUSED_INPUT')

type Outcome = Record<string, unknown> | Error

/** Runs blocks as a pipeline does, but looks at nothing beforehand. */
async function runUnchecked(blocks: ModularPipelineBlocks, inputs: Record<string, unknown>): Promise<Outcome> {
  const { state } = fillState(blocks.inputs, inputs, undefined)
  const source = {
    resolve: () => undefined,
    isLeftOut: () => false,
    whyMissing: () => undefined,
    isMadeForEachRun: () => false,
  }
  const run = new Run({ state, source })
  return withActiveRun(run, async () => {
    try {
      await executeBlock(makeComponents(componentsPrototype([]), run), state, undefined, blocks)
      return values(state.toObject().values)
    } catch (error) {
      return error as Error
    }
  })
}

async function runChecked(blocks: ModularPipelineBlocks, inputs: Record<string, unknown>): Promise<Outcome> {
  try {
    return values((await blocks.initPipeline()(inputs)).toObject().values)
  } catch (error) {
    return error as Error
  }
}

/** The values that exist. */
const values = (state: Record<string, unknown>) =>
  Object.fromEntries(NAMES.flatMap(name => (state[name] === undefined ? [] : [[name, state[name]]])))

class Missing extends Error {}

/** What a plan without loops does, said in a few lines: changes the state, or throws. */
function interpret(plan: Plan, state: Map<string, number | undefined>): void {
  switch (plan.kind) {
    case 'leaf':
      interpretLeaf(plan, state)
      return
    case 'sequence':
      for (const part of plan.parts) interpret(part, state)
      return
    case 'choice': {
      const chosen = plan.branches.find(({ trigger }) => state.get(trigger) !== undefined)?.block ?? plan.otherwise
      if (chosen) interpret(chosen, state)
      return
    }
    case 'loop':
      throw new Error('no loops here')
  }
}

function interpretLeaf(plan: LeafPlan, state: Map<string, number | undefined>): void {
  for (const { name, required, default: value } of plan.inputs) {
    if (state.get(name) === undefined) state.set(name, value)
    if (required && state.get(name) === undefined) throw new Missing(name)
  }
  const { sum, written } = leafResult(plan, name => state.get(name))
  for (const [name, value] of Object.entries(written)) state.set(name, value)
  for (const { name, add } of plan.outputs) state.set(name, add && sum + add)
}

/** The state that a pipeline begins with: what is given of its inputs, and the default of each one's first declaration. */
function startOf(blocks: ModularPipelineBlocks, given: Record<string, number>): Map<string, number | undefined> {
  return new Map(
    blocks.inputs.map(({ name, default: value }) => [
      name as string,
      given[name as string] ?? (value as number | undefined),
    ]),
  )
}

const runs = { numRuns: 400 }

describe('random trees of blocks', () => {
  test('do what a plain interpreter of the same plans does', async () => {
    await fc.assert(
      fc.asyncProperty(plans({ loops: false }), givenValues, async (plan, given) => {
        const blocks = buildPipeline(plan)
        const state = startOf(blocks, given)
        const outcome = await runUnchecked(blocks, given)
        try {
          interpret(plan, state)
        } catch (error) {
          expect(error).toBeInstanceOf(Missing)
          expect(outcome).toMatchObject({ code: 'MISSING_INPUT', input: (error as Missing).message })
          return
        }
        expect(outcome).toEqual(values(Object.fromEntries(state)))
      }),
      runs,
    )
  })

  test('are never refused before a run that would succeed', async () => {
    await fc.assert(
      fc.asyncProperty(plans({ loops: true }), givenValues, async (plan, given) => {
        const blocks = buildPipeline(plan)
        const unchecked = await runUnchecked(blocks, given)
        const checked = await runChecked(blocks, given)
        if (checked instanceof PipelineValidationError) {
          expect(unchecked).toBeInstanceOf(Error)
          for (const issue of checked.issues) expect(issue).toBeInstanceOf(MissingInputError)
        } else {
          expect(checked).toEqual(unchecked)
        }
      }),
      runs,
    )
  })

  test('fail in no other way than by an input or an output that is missing', async () => {
    await fc.assert(
      fc.asyncProperty(plans({ loops: true }), givenValues, async (plan, given) => {
        const outcome = await runUnchecked(buildPipeline(plan), given)
        if (!(outcome instanceof Error)) return
        expect([MissingInputError, MissingOutputError]).toContain(outcome.constructor)
      }),
      runs,
    )
  })

  test('are refused before the first block where nothing depends on a choice or on what a block fills in', async () => {
    const simple = fc.array(
      plans({ loops: false }).filter((plan): plan is LeafPlan => plan.kind === 'leaf'),
      { minLength: 1, maxLength: 5 },
    )
    let refused = 0
    await fc.assert(
      fc.asyncProperty(simple, givenValues, async (leaves, given) => {
        const parts = leaves.map(plan => ({
          ...plan,
          inputs: plan.inputs.map(input => ({ ...input, required: true, fill: undefined })),
          outputs: plan.outputs.map(output => ({ ...output, add: output.add ?? 1 })),
        }))
        const blocks = buildPipeline({ kind: 'sequence', parts })
        const unchecked = await runUnchecked(blocks, given)
        const checked = await runChecked(blocks, given)
        if (unchecked instanceof Error) {
          refused++
          expect(checked).toBeInstanceOf(PipelineValidationError)
        } else expect(checked).toEqual(unchecked)
      }),
      runs,
    )
    expect(refused).toBeGreaterThan(20)
  })
})
