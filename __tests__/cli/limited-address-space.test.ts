/** Where the system limits the address space, WebAssembly gets no memory: V8 reserves some 10 GB for each. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const cli = join(__dirname, '..', '..', 'dist', 'cli', 'main.js')
const onLinux = process.platform === 'linux' ? test : test.skip

onLinux(
  'draws within 8 GB of addresses, and warns once',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tesserae-'))
    try {
      const out = join(folder, 'pizza.png')
      const command = 'ulimit -v 8388608; exec "$0" "$1" generate pizza --seed 2 --steps 1 --out "$2"'
      const { stderr } = await promisify(execFile)('bash', ['-c', command, process.execPath, cli, out])
      expect(statSync(out).size).toBeGreaterThan(100)
      expect(stderr.match(/NO_WASM_MEMORY/g)).toHaveLength(1)
      expect(stderr).toContain('ulimit -v')
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  300_000,
)
