/** Files of blocks and of 8-bit floats hold the numbers that the reference reads from them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkQuantised } from '../../../testing/goldens/areas/quantised'
import { GoldenCase, type Json } from '../../../testing/goldens/golden-case'

const goldens = join(__dirname, '..', '..', 'goldens', 'quantised')

test.each(readdirSync(goldens))('%s has the numbers of the reference', async name => {
  const folder = join(goldens, name)
  const json = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Json
  const golden = await GoldenCase.open('quantised', name, folder, json)
  try {
    await checkQuantised(golden, 'numbers')
  } finally {
    await golden.close()
  }
})
