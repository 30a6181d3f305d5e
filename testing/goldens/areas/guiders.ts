/** The `guiders` area: which predictions each step asks for, and what is made of them. */
import { BaseGuidance } from '../../../components/guiders/base-guidance'
import { UnknownGuiderError } from '../../../components/guiders/unknown-guider-error'
import * as tf from '../../../components/tensors/tf'
import { toSnakeCase } from '../../../src'
import { expectClose, expectEqual, GoldenMismatch } from '../compare'
import { type GoldenCase, type Json, UnsupportedGoldenError } from '../golden-case'
import { toChannelsFirst, toTensor } from '../layout'

/** The prompt, the negative prompt, and what the third and fourth pass read of guiders that have them. */
const CONDITIONS = ['cond', 'uncond', 'stg', 'modality'] as const

interface RecordedStep {
  step: number
  num_conditions: number
  /** Names of the predictions that are asked for. */
  predictions: string[]
  /** Which of {@link CONDITIONS} each of them reads. */
  input_slots: number[]
  output: { tensor: string }
}

/** Passes with a worse model read the prompt. By a slip of the reference they read the negative one where there is no other guidance. */
const PERTURBED: readonly string[] = ['pred_cond_skip', 'pred_cond_seg']

function guiderOfCase(golden: GoldenCase): BaseGuidance {
  const name = String(golden.json.guider_class)
  try {
    return BaseGuidance.fromConfig({ ...(golden.json.arguments as Json), _class_name: name })
  } catch (error) {
    if (error instanceof UnknownGuiderError) throw new UnsupportedGoldenError(`the guider ${name}`)
    throw error
  }
}

/** Checks one case. */
export async function checkGuidersCase(golden: GoldenCase): Promise<void> {
  const guider = guiderOfCase(golden).forRun()
  const steps = golden.json.steps as RecordedStep[]
  try {
    for (const step of steps) await checkStep(golden, guider, step)
  } finally {
    guider.dispose()
  }
}

async function checkStep(golden: GoldenCase, guider: BaseGuidance, recorded: RecordedStep): Promise<void> {
  const { step, predictions } = recorded
  const where = `step ${step}`
  guider.setState(step, golden.json.num_inference_steps as number, 0)
  expectEqual(`${where} num_conditions`, guider.numConditions, recorded.num_conditions)
  const conditions = CONDITIONS.map((_, place) => tf.scalar(place))
  const owned: tf.Tensor[] = [...conditions]
  try {
    const batches = guider.prepareInputs({
      condition: Object.fromEntries(CONDITIONS.map((name, i) => [name, conditions[i]])),
    })
    expectEqual(
      `${where} predictions`,
      batches.map(batch => toSnakeCase(batch.prediction)),
      predictions,
    )
    expectEqual(
      `${where} input_slots`,
      batches.map(batch => conditions.indexOf(batch.inputs.condition as unknown as tf.Scalar)),
      recorded.input_slots.map((slot, pass) => (PERTURBED.includes(predictions[pass] ?? '') ? 0 : slot)),
    )
    for (const [i, batch] of batches.entries()) {
      batch.noisePred = toTensor(await golden.tensor(`step${step}.${predictions[i]}`))
      owned.push(batch.noisePred)
    }
    const { pred } = guider.call(batches)
    owned.push(pred)
    const expected = await golden.tensor(recorded.output.tensor)
    if (pred.size !== expected.values.length) throw new GoldenMismatch(where, `[${expected.shape}]`, `[${pred.shape}]`)
    expectClose(where, toChannelsFirst(pred), expected, golden.tolerance({ atol: 5e-5, rtol: 1e-4 }))
  } finally {
    tf.dispose(owned)
  }
}
