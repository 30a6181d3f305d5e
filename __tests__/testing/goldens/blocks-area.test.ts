/** Every case of the `blocks` area: what graphs of blocks declare and do, as the reference recorded it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkBlocksCase } from '../../../testing/goldens/areas/blocks'
import { GoldenCase, type Json } from '../../../testing/goldens/golden-case'

const FOLDER = join(__dirname, '../../goldens/blocks')

describe('the blocks area', () => {
  test.each(readdirSync(FOLDER))('%s does what the reference does', async name => {
    const folder = join(FOLDER, name)
    const json = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Json
    const golden = await GoldenCase.open('blocks', name, folder, json)
    await checkBlocksCase(golden)
    await golden.close()
  })
})
