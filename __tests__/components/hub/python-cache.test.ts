import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hubDownload, snapshotDownload } from '../../../components'
import { describeWithPython, runPython } from '../../python'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { useHubServer } from './hub-server'

const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)

const files = { 'config.json': '{"a": 1}', 'unet/model.safetensors': Buffer.alloc(100_000, 'weights') }
const options = () => ({ endpoint: server().endpoint })

/** What a Python expression gives, with huggingface_hub imported. */
function evaluate(expression: string): Promise<unknown> {
  const program = `import json; from huggingface_hub import *; from huggingface_hub import _CACHED_NO_EXIST; print(json.dumps(${expression}, default=str))`
  return runPython(program, [], {
    HF_HOME: folder(),
    HF_ENDPOINT: server().endpoint,
    HF_HUB_OFFLINE: '0',
    HF_HUB_DISABLE_PROGRESS_BARS: '1',
  })
}

describeWithPython('one cache for both sides', () => {
  test('Python finds what was fetched here, and knows that it is whole', async () => {
    server().commit('org/tiny', files)
    const path = await snapshotDownload('org/tiny', options())
    expect(await evaluate(`try_to_load_from_cache('org/tiny', 'unet/model.safetensors')`)).toBe(
      join(path, 'unet', 'model.safetensors'),
    )
    expect(await evaluate(`snapshot_download('org/tiny', local_files_only=True)`)).toBe(path)
    const before = server().seen(/^GET .*(?:resolve|signature)/).length
    expect(await evaluate(`snapshot_download('org/tiny')`)).toBe(path)
    expect(server().seen(/^GET .*(?:resolve|signature)/)).toHaveLength(before)
    expect(await evaluate(`[f.path for f in get_cached_repo_tree('org/tiny')]`)).toEqual(Object.keys(files))
    expect(await evaluate(`[r.repo_id for r in scan_cache_dir().repos]`)).toEqual(['org/tiny'])
  })

  test('Python knows which files there are not', async () => {
    server().commit('org/tiny', files)
    await expect(hubDownload('org/tiny', 'other.json', options())).rejects.toThrow()
    expect(await evaluate(`try_to_load_from_cache('org/tiny', 'other.json') is _CACHED_NO_EXIST`)).toBe(true)
  })

  test('what Python has fetched is found here', async () => {
    server().commit('org/tiny', files)
    const path = (await evaluate(`snapshot_download('org/tiny')`)) as string
    const before = server().requests.length
    expect(await snapshotDownload('org/tiny', { ...options(), localFilesOnly: true })).toBe(path)
    const file = await hubDownload('org/tiny', 'unet/model.safetensors', { ...options(), localFilesOnly: true })
    expect(await readFile(file)).toEqual(files['unet/model.safetensors'])
    expect(server().requests).toHaveLength(before)
  })

  test('a file of which Python has fetched nothing but another is fetched here', async () => {
    server().commit('org/tiny', files)
    const path = (await evaluate(`hf_hub_download('org/tiny', 'config.json')`)) as string
    expect(await hubDownload('org/tiny', 'config.json', { ...options(), localFilesOnly: true })).toBe(path)
    const whole = await snapshotDownload('org/tiny', options())
    expect(path).toBe(join(whole, 'config.json'))
    expect(server().seen(/^GET .*config\.json/)).toHaveLength(1)
  })
})
