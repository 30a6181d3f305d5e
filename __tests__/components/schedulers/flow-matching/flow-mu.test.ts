import { FlowMatchEulerDiscreteScheduler } from '../../../../components/schedulers/flow-matching/flow-match-euler-discrete-scheduler'
import { flowMu } from '../../../../components/schedulers/flow-matching/flow-mu'

test('is on the line through the sizes that the settings name', () => {
  const { config } = new FlowMatchEulerDiscreteScheduler({ baseShift: 0.4 })
  expect(flowMu(256, config)).toBe(0.4)
  expect(flowMu(4096, config)).toBeCloseTo(1.15, 12)
  expect(flowMu((256 + 4096) / 2, config)).toBeCloseTo((0.4 + 1.15) / 2, 12)
})
