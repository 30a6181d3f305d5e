/** Every recorded run of the schedulers, and the beta schedules. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { makeNoiseSchedule } from '../../../components/schedulers/noise-schedule'
import { betaSettings } from '../../../components/schedulers/scheduler-config'
import { mapKeys, toCamelCase } from '../../../src/format/wire-names'
import { expectClose } from '../../../testing/goldens/compare'
import { GoldenCase, type Json } from '../../../testing/goldens/golden-case'
import { useBackend } from '../models/use-backend'
import { checkSchedulerCase } from './golden-scheduler-case'

const FOLDER = join(__dirname, '..', '..', 'goldens', 'schedulers')
const BETAS = 'beta_schedules'

async function open(name: string): Promise<GoldenCase> {
  const json = JSON.parse(readFileSync(join(FOLDER, name, 'case.json'), 'utf8')) as Json
  return GoldenCase.open('schedulers', name, join(FOLDER, name), json)
}

useBackend('cpu')

describe('schedulers give the recorded results', () => {
  test.each(readdirSync(FOLDER).filter(name => name !== BETAS))('%s', async name => {
    const golden = await open(name)
    try {
      await checkSchedulerCase(golden)
    } finally {
      await golden.close()
    }
  })
})

test('beta schedules are the recorded ones', async () => {
  const golden = await open(BETAS)
  const rows = golden.json['rows'] as readonly Record<string, unknown>[]
  const schema = z.object(betaSettings)
  for (const row of rows) {
    const settings = schema.parse(mapKeys(row, toCamelCase))
    const { betas, alphasCumprod } = makeNoiseSchedule(settings)
    for (const [name, got] of Object.entries({ betas, alphas_cumprod: alphasCumprod })) {
      const { tensor } = row[name] as { tensor: string }
      const plain = { shape: [got.length], values: got }
      expectClose(tensor, plain, await golden.tensor(tensor), golden.tolerance({ atol: 0, rtol: 0 }))
    }
  }
  await golden.close()
})
