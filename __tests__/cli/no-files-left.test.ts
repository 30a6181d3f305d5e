/** A command writes the picture that was asked for, and nothing into the user's home or temporary folder. */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { useEnvironment } from '../components/executors/environment'
import { runCli } from './run-cli'

const folder = useTemporaryFolder()
// ONNX Runtime sends nothing where it believes to be tested.
useEnvironment('CI', 'ORT_DISABLE_TELEMETRY')

/** Draws with a home and a temporary folder of its own, and returns the files in both. */
async function filesAfterDrawing(): Promise<string[]> {
  const [home, temporary] = [join(folder(), 'home'), join(folder(), 'tmp')]
  await Promise.all([home, temporary].map(path => mkdir(path)))
  const { code, stderr } = await runCli(['generate', 'red apple', '--steps', '1', '--executor', 'graph'], {
    cwd: folder(),
    env: { HOME: home, XDG_CACHE_HOME: join(home, '.cache'), TMPDIR: temporary },
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) })
  const listed = await Promise.all([home, temporary].map(path => readdir(path, { recursive: true })))
  return listed.flat()
}

test('ONNX Runtime collects no telemetry: it leaves no file behind', async () => {
  expect(await filesAfterDrawing()).toEqual([])
})
