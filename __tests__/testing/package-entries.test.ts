import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')

/** What a script prints that runs as in a project which has the package. */
function run(script: string): string {
  return execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' }).trim()
}

describe('the entries of the package', () => {
  test('tesserae/testing works without a test framework, on the blocks of tesserae', () => {
    const script = `
      const { matchers, runBlock } = require('tesserae/testing')
      const { StableDiffusionTextToImageBlocks } = require('tesserae')
      console.log(typeof runBlock, matchers.toWire(StableDiffusionTextToImageBlocks).pass)`
    expect(run(script)).toBe('function true')
  })

  test('tesserae/testing/jest says where it belongs', () => {
    const script = "require('tesserae/testing/jest')"
    const { stderr, status } = spawnSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr).toContain("must be imported where Jest's global expect is")
  })
})
