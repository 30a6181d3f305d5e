import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  hubDownload,
  InvalidHubAnswerError,
  ModularPipeline,
  ModularPipelineBlocks,
  UntrustedCodeError,
} from '../../../index'
import { DOUBLE, doubleConfig, doubleFiles, runs } from '../../src/custom-blocks/block-folders'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useHubEnvironment } from './hub-environment'
import { useHubServer } from './hub-server'

const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)

const options = () => ({ endpoint: server().endpoint })

/** Where a commit is cached. */
const snapshot = (commit: string) => join(folder(), 'hub', 'models--org--double', 'snapshots', commit)

async function refusal(loading: Promise<unknown>): Promise<UntrustedCodeError> {
  const error = await loading.then(
    () => undefined,
    error => error,
  )
  if (error instanceof UntrustedCodeError) return error
  throw error ?? new Error('Nothing was refused.')
}

describe('blocks of a repository', () => {
  test('are fetched and not run, and the refusal names the commit', async () => {
    const commit = server().commit('org/double', {
      ...doubleFiles,
      'block.py': '',
      'README.md': '',
      'unet/config.json': '{}',
      'node_modules/x/index.js': '',
    })
    const error = await refusal(ModularPipelineBlocks.fromPretrained('org/double', options()))
    expect(error).toMatchObject({
      reason: 'not-trusted',
      refused: { source: 'org/double', folder: snapshot(commit), revision: commit, className: 'Double' },
    })
    expect(error.message).toContain(`revision: "${commit}"`)
    expect((await readdir(snapshot(commit))).sort()).toEqual(['block.js', 'modular_config.json'])
    expect(await runs(snapshot(commit))).toBe(0)
  })

  test.each([undefined, 'main'])('are not trusted at the revision %j, which can move', async revision => {
    const commit = server().commit('org/double', doubleFiles)
    const trust = { ...options(), trustRemoteCode: true, revision }
    expect((await refusal(ModularPipelineBlocks.fromPretrained('org/double', trust))).reason).toBe('not-pinned')
    expect((await refusal(ModularPipeline.fromPretrained('org/double', trust))).reason).toBe('not-pinned')
    expect(await runs(snapshot(commit))).toBe(0)
  })

  test('run at the commit that is trusted, whatever has come since, and without a server from then on', async () => {
    const trusted = server().commit('org/double', doubleFiles)
    const later = server().commit('org/double', { ...doubleFiles, 'block.js': DOUBLE.replace('*= 2', '*= 3') })
    const trust = { ...options(), trustRemoteCode: true, revision: trusted }
    const blocks = await ModularPipelineBlocks.fromPretrained('org/double', trust)
    expect(await blocks.initPipeline()({ x: 5 }, { output: 'x' })).toBe(10)
    const offline = { ...trust, localFilesOnly: true, endpoint: 'http://127.0.0.1:9' }
    const pipe = await ModularPipeline.fromPretrained('org/double', offline)
    expect(await pipe({ x: 5 }, { output: 'x' })).toBe(10)
    expect(await runs(snapshot(trusted))).toBe(1)
    expect(await runs(snapshot(later))).toBe(0)
  })

  test('are not run at a branch that has the name of a commit, and can move', async () => {
    const lookalike = 'c0ffee'.padEnd(40, '0')
    const commit = server().commit('org/double', doubleFiles, { branch: lookalike })
    const trust = { ...options(), trustRemoteCode: true, revision: lookalike }
    const error = await ModularPipelineBlocks.fromPretrained('org/double', trust).catch(error => error)
    expect(error).toBeInstanceOf(InvalidHubAnswerError)
    expect(String(error)).toContain(`the revision "${lookalike}" is not the commit of the answer, which is ${commit}`)
    await expect(hubDownload('org/double', 'block.js', { ...options(), revision: lookalike })).rejects.toThrow(
      InvalidHubAnswerError,
    )
    expect(await runs(snapshot(lookalike))).toBe(0)
  })

  test('may be in a subfolder', async () => {
    const files = { 'blocks/block.js': DOUBLE, 'blocks/modular_config.json': doubleConfig(), 'other.js': '' }
    const commit = server().commit('org/double', files)
    const error = await refusal(
      ModularPipelineBlocks.fromPretrained('org/double', { ...options(), subfolder: 'blocks' }),
    )
    expect(error.refused.revision).toBe(commit)
    expect([...error.refused.files.keys()]).toEqual(['block.js'])
    expect(await readdir(snapshot(commit))).toEqual(['blocks'])
  })
})
