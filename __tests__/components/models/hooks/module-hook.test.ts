import * as tf from '@tensorflow/tfjs'
import { hooksKey } from '../../../../components/models/hooks/hooked-call'
import { ModelHookError } from '../../../../components/models/hooks/model-hook-error'
import type { BatchHook } from '../../../../components/models/hooks/module-hook'
import { checkModelsCase } from '../../../../testing/goldens/areas/models'
import { openGolden } from '../../../testing/goldens/test-goldens'
import { distance, MIDDLE, smallInputs, TOP, useSmallUNet } from './small-unet'

const { unet, executors } = useSmallUNet()

const skip = (module: string): BatchHook => ({ name: 'skip', module, forward: ({ args }) => args[0] })

test('hooked calls give the numbers of the reference', async () => {
  const golden = await openGolden('models', 'unet_hooks')
  await checkModelsCase(golden)
  await golden.close()
})

describe.each(['eager', 'graph'] as const)('with the %s executor', name => {
  beforeAll(() => void unet().useExecutor(executors[name]()))

  test('a hook is there for its call alone, also while others are under way', async () => {
    const inputs = smallInputs(1)
    const before = tf.memory().numTensors
    const [plain, hooked, plainAgain] = await Promise.all([
      unet().call(inputs),
      unet().call(inputs, { hooks: [skip(`${MIDDLE}.0`)] }),
      unet().call(inputs),
    ])
    expect(distance(plain, plainAgain)).toBe(0)
    expect(distance(plain, hooked)).toBeGreaterThan(1e-3)
    tf.dispose([plain, hooked, plainAgain])
    expect(tf.memory().numTensors).toBe(before)
  })

  test('a hook for a share of the batch changes that share', async () => {
    const inputs = smallInputs(3)
    const hook = skip(`${TOP}.1`)
    const plain = await unet().call(inputs)
    const hooked = await unet().call(inputs, { hooks: [hook] })
    const shared = await unet().call(inputs, { hooks: [{ ...hook, share: { index: 1, count: 3 } }] })
    const rows = (x: tf.Tensor, begin: number) => x.slice([begin], [1])
    expect(distance(rows(shared, 0), rows(plain, 0))).toBeLessThan(1e-5)
    expect(distance(rows(shared, 1), rows(hooked, 1))).toBeLessThan(1e-5)
    expect(distance(rows(shared, 2), rows(plain, 2))).toBeLessThan(1e-5)
    expect(distance(rows(hooked, 1), rows(plain, 1))).toBeGreaterThan(1e-3)
  })

  test('of several hooks of one part the last is the outermost', async () => {
    const inputs = smallInputs(1)
    const times = (factor: number): BatchHook => ({
      name: `times ${factor}`,
      module: 'conv_out',
      forward: ({ run, args }) => (run(...args) as tf.Tensor).mul(factor),
    })
    const plus: BatchHook = {
      name: 'plus 1',
      module: 'conv_out',
      forward: ({ run, args }) => (run(...args) as tf.Tensor).add(1),
    }
    const plain = await unet().call(inputs)
    const hooked = await unet().call(inputs, { hooks: [times(2), plus] })
    expect(distance(hooked, plain.mul(2).add(1))).toBeLessThan(1e-5)
  })

  test('numbers may change from call to call', async () => {
    const inputs = smallInputs(1)
    const scaled = (factor: number): BatchHook => ({
      name: 'scaled',
      module: 'conv_out',
      numbers: [factor],
      forward: ({ run, args, numbers: [given] }) => (run(...args) as tf.Tensor).mul(given as tf.Tensor),
    })
    const plain = await unet().call(inputs)
    for (const factor of [2, 5]) {
      const hooked = await unet().call(inputs, { hooks: [scaled(factor)] })
      expect(distance(hooked, plain.mul(factor))).toBeLessThan(1e-5)
    }
  })

  test('a part that the model does not have is refused, and a near name told', async () => {
    const call = unet().call(smallInputs(1), { hooks: [skip('mid_block.attentions.0.transformer_blocks.2')] })
    await expect(call).rejects.toThrow(ModelHookError)
    await expect(call).rejects.toThrow(
      'UNet2DConditionModel: mid_block.attentions.0.transformer_blocks.2 is not a part of the model; there is mid_block.',
    )
    const plain = await unet().call(smallInputs(1))
    plain.dispose()
  })

  test('a hook must return something', async () => {
    const nothing: BatchHook = { name: 'nothing', module: 'conv_out', forward: () => undefined }
    await expect(unet().call(smallInputs(1), { hooks: [nothing] })).rejects.toThrow(
      'UNet2DConditionModel: conv_out gets nothing from the hook "nothing".',
    )
  })

  test('shares must divide the batch, and their parts return one tensor', async () => {
    const half = { index: 0, count: 2 }
    await expect(unet().call(smallInputs(3), { hooks: [{ ...skip('conv_out'), share: half }] })).rejects.toThrow(
      'conv_out cannot be hooked for one of 2 parts of a batch of 3',
    )
    const whole: BatchHook = { name: 'as it is', module: 'down_blocks.0', forward: ({ run, args }) => run(...args) }
    await expect(unet().call(smallInputs(2), { hooks: [{ ...whole, share: half }] })).rejects.toThrow(
      'down_blocks.0 cannot be hooked for a part of a batch, as it returns more than one tensor',
    )
  })
})

test('hooks are told apart by name, place and share', () => {
  const hooks = [skip('a'), skip('b'), { ...skip('a'), name: 'other' }, { ...skip('a'), share: { index: 0, count: 2 } }]
  expect(new Set([hooksKey([]), ...hooks.map(hook => hooksKey([hook]))]).size).toBe(5)
})
