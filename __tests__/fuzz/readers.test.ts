import { fuzz } from '../../fuzz/fuzz'
import { READERS } from '../../fuzz/readers'
import { useBackend } from '../components/models/use-backend'

useBackend('cpu')

const listener = () => undefined
beforeAll(() => void process.on('warning', listener))
afterAll(() => void process.off('warning', listener))

// `npm run fuzz` does the same with 100,000 inputs.
test.each(READERS.map(({ name }) => name))('%s ends in success or a typed error, whatever it reads', async name => {
  const [result] = await fuzz({ runs: 60, seed: 7, only: [name] })
  expect(result?.failure).toBeUndefined()
  expect(result?.runs).toBe(60)
  expect(result?.outcomes.size).toBeGreaterThan(0)
})
