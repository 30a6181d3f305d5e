import * as tf from '@tensorflow/tfjs'
import { flattenTree, mapTree } from '../../../components/backends/recorder/tensor-tree'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import { ModelMemoryError } from '../../../components/executors/graph/graph-errors'
import { BaseGuidance } from '../../../components/guiders/base-guidance'
import { ClassifierFreeGuidance } from '../../../components/guiders/classifier-free-guidance'
import type { GuiderInputs } from '../../../components/guiders/guider-batch'
import { predictConditions } from '../../../components/guiders/predict-conditions'
import { distance, smallInputs, useSmallUNet } from '../models/hooks/small-unet'

const { unet, executors } = useSmallUNet()

const guiders = {
  ClassifierFreeGuidance: {},
  AutoGuidance: { autoGuidanceLayers: [1], dropout: 0.3 },
  SkipLayerGuidance: { skipLayerGuidanceLayers: [0], skipLayerGuidanceStop: 1 },
  PerturbedAttentionGuidance: { perturbedGuidanceLayers: [0, 1], perturbedGuidanceStop: 1 },
  SmoothedEnergyGuidance: { segGuidanceLayers: [1] },
}

/** The second of four steps, and how many samples each call of the model had. */
async function predict(guider: BaseGuidance, together: boolean): Promise<{ pred: tf.Tensor; batches: number[] }> {
  const [{ sample, encoderHiddenStates: prompt }, { encoderHiddenStates: negative }] = [smallInputs(2), smallInputs(2)]
  const batches: number[] = []
  guider.setState(1, 4, 321)
  const pred = await predictConditions(
    guider,
    unet(),
    { sample, encoderHiddenStates: { cond: prompt, uncond: negative.mul<tf.Tensor3D>(-0.5) } },
    (inputs, hooks) => {
      batches.push(inputs.sample.shape[0])
      return unet().call({ ...inputs, timestep: 321 }, { hooks })
    },
    together,
  )
  return { pred, batches }
}

describe.each(['eager', 'graph'] as const)('with the %s executor', name => {
  beforeAll(() => void unet().useExecutor(executors[name]()))

  test.each(Object.entries(guiders))(
    '%s predicts the same in one batch as one by one',
    async (_class_name, settings) => {
      const guider = BaseGuidance.fromConfig({ _class_name, ...settings })
      const passes = _class_name.startsWith('Cl') || _class_name.startsWith('Au') ? 2 : 3
      const together = await predict(guider.forRun({ seed: 5 }), true)
      const apart = await predict(guider.forRun({ seed: 5 }), false)
      expect([together.batches, apart.batches]).toEqual([[2 * passes], Array(passes).fill(2)])
      expect(distance(together.pred, apart.pred)).toBeLessThan(1e-4)
      const plain = await predict(new ClassifierFreeGuidance(), true)
      if (_class_name !== 'ClassifierFreeGuidance') expect(distance(plain.pred, apart.pred)).toBeGreaterThan(1e-3)
    },
  )
})

test('eager and graph agree in the random guider too', async () => {
  const guider = BaseGuidance.fromConfig({ _class_name: 'AutoGuidance', autoGuidanceLayers: [0, 1], dropout: 0.5 })
  const eager = await predict(guider.forRun({ seed: 3 }), true)
  unet().useExecutor(executors.graph())
  const graph = await predict(guider.forRun({ seed: 3 }), true)
  unet().useExecutor(eagerExecutor)
  expect(distance(eager.pred, graph.pred)).toBeLessThan(1e-4)
})

test('leaves no tensor but the prediction', async () => {
  const guider = BaseGuidance.fromConfig({ _class_name: 'SmoothedEnergyGuidance', segGuidanceLayers: [0] })
  for (const together of [true, false]) {
    const run = guider.forRun()
    const before = tf.memory().numTensors
    const { pred } = await predict(run, together)
    // Two prompts and two samples, one of them made negative, are the test's.
    expect(tf.memory().numTensors).toBe(before + 1 + 5)
    pred.dispose()
  }
})

describe('what goes in one batch', () => {
  /** The inputs of each call, as shapes. */
  async function callsFor(data: GuiderInputs): Promise<unknown[]> {
    const calls: unknown[] = []
    const guider = new ClassifierFreeGuidance()
    guider.setState(0, 4, 1)
    const pred = await predictConditions(
      guider,
      unet(),
      data,
      async inputs => {
        calls.push(mapTree(inputs, ({ tensor }) => tensor.shape.join()))
        return tf.ones([flattenTree(inputs).leaves[0]?.tensor.shape[0] ?? 0, 1])
      },
      true,
    )
    pred.dispose()
    return calls
  }

  test('objects and lists of tensors to any depth', async () => {
    const [a, b] = [tf.ones([2, 3]), tf.zeros([2, 3])]
    const data = {
      embeds: { cond: a, uncond: b },
      added: { ids: { cond: b, uncond: a } },
      residuals: [a, [b]],
      scale: 2,
    }
    expect(await callsFor(data)).toEqual([
      { embeds: '4,3', added: { ids: '4,3' }, residuals: ['4,3', ['4,3']], scale: 2 },
    ])
  })

  test('not inputs of different forms: they go one by one', async () => {
    const [long, short] = [tf.ones([2, 3, 5]), tf.ones([2, 2, 5])]
    expect(await callsFor({ embeds: { cond: long, uncond: short } })).toEqual([
      { embeds: '2,3,5' },
      { embeds: '2,2,5' },
    ])
    expect(await callsFor({ embeds: long, residuals: { cond: [long, long], uncond: [long] } })).toHaveLength(2)
  })
})

describe('where the batch does not fit into memory', () => {
  const full = new ModelMemoryError('UNet2DConditionModel', 1, 'no room', undefined)

  async function run(
    guider: BaseGuidance,
    fits: (rows: number) => boolean,
    together: boolean | (() => boolean) = true,
  ): Promise<number[]> {
    const rows: number[] = []
    guider.setState(0, 4, 1)
    const condition = tf.ones([1, 2])
    const pred = await predictConditions(
      guider,
      unet(),
      { condition: { cond: condition, uncond: condition } },
      async ({ condition: given }) => {
        rows.push(given.shape[0] as number)
        if (!fits(given.shape[0] as number)) throw full
        return given.clone()
      },
      together,
    )
    pred.dispose()
    return rows
  }

  test('the conditions go one by one, for the rest of the run', async () => {
    const guider = new ClassifierFreeGuidance()
    const copy = guider.forRun()
    expect(await run(copy, rows => rows === 1)).toEqual([2, 1, 1])
    expect(await run(copy, rows => rows === 1)).toEqual([1, 1])
    expect(await run(guider.forRun(), () => true)).toEqual([2])
  })

  test('and where not even one fits, the error says so and nothing is left', async () => {
    const before = tf.memory().numTensors
    await expect(run(new ClassifierFreeGuidance(), () => false)).rejects.toBe(full)
    expect(tf.memory().numTensors).toBe(before + 1)
  })

  test('what was decided in a run holds to its end, and where another takes it up', async () => {
    const guider = new ClassifierFreeGuidance()
    const [first, second] = [guider.forRun(), guider.forRun()]
    const answers = [true, false, true]
    const decide = jest.fn(() => answers.shift() as boolean)
    for (let i = 0; i < 2; i++) expect(await run(first, () => true, decide)).toEqual([2])
    for (let i = 0; i < 2; i++) expect(await run(second, () => true, decide)).toEqual([1, 1])
    const saved = JSON.parse(JSON.stringify(second.saveRun()))
    expect(await run(guider.forRun().restoreRun(saved), () => true, decide)).toEqual([1, 1])
    expect(decide).toHaveBeenCalledTimes(2)
    expect(await run(guider.forRun(), () => true, decide)).toEqual([2])
    expect(await run(first, () => true, false)).toEqual([1, 1])
  })
})
