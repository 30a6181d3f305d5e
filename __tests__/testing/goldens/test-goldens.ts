/** Makes a test of every case of an area that lies in `__tests__/goldens`, checked as `npm run goldens` checks it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { areas } from '../../../testing/goldens/areas'
import { GoldenCase, type Json } from '../../../testing/goldens/golden-case'

const goldens = join(__dirname, '..', '..', 'goldens')

/** A case that lies in `__tests__/goldens`. Close it in the end. */
export function openGolden(area: string, name: string): Promise<GoldenCase> {
  const folder = join(goldens, area, name)
  const json = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Json
  return GoldenCase.open(area, name, folder, json)
}

/** One test for each case of the area. */
export function testGoldens(area: string): void {
  test.each(readdirSync(join(goldens, area)))(`${area}/%s is as recorded`, async name => {
    const golden = await openGolden(area, name)
    try {
      await areas[area]?.check(golden, '')
    } finally {
      await golden.close()
    }
  })
}
