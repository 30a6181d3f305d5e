/** Makes a test of every case of an area that lies in `__tests__/goldens`, checked as `npm run goldens` checks it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { areas } from '../../../testing/goldens/areas'
import { GoldenCase, type Json } from '../../../testing/goldens/golden-case'

/** One test for each case of the area. */
export function testGoldens(area: string): void {
  const parent = join(__dirname, '..', '..', 'goldens', area)
  test.each(readdirSync(parent))(`${area}/%s is as recorded`, async name => {
    const folder = join(parent, name)
    const json = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Json
    const golden = await GoldenCase.open(area, name, folder, json)
    try {
      await areas[area]?.check(golden, '')
    } finally {
      await golden.close()
    }
  })
}
