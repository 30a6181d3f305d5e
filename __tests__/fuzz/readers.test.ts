import { fuzz } from '../../fuzz/fuzz'
import { READERS } from '../../fuzz/readers'
import { useBackend } from '../components/models/use-backend'

useBackend('cpu')

const listener = () => undefined
beforeAll(() => void process.on('warning', listener))
afterAll(() => void process.off('warning', listener))

// `npm run fuzz` does the same with 100,000 inputs.
test.each(READERS.map(({ name }) => name))('%s ends in success or a typed error, whatever it reads', async name => {
  // A slow machine may take longer than the two seconds that `npm run fuzz` allows.
  const [result] = await fuzz({ runs: 60, seed: 7, only: [name], maxTime: 60_000 })
  expect(result?.failure).toBeUndefined()
  expect(result?.runs).toBe(60)
  expect(result?.outcomes.size).toBeGreaterThan(0)
})
