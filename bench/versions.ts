/** The versions that a benchmark compares. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Prints the versions of the peers as JSON. It imports them, because a package that is found may still fail to load. */
const PEERS = `
import json, platform
import torch, diffusers, transformers
print(json.dumps({"python": platform.python_version(), **{m.__name__: m.__version__ for m in (torch, diffusers, transformers)}}))`

/** Returns the versions of Node, of this package and of the packages that compute. `root` is the folder of this package. */
export function ourVersions(root: string): string[] {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const packages = ['onnxruntime-node', '@tensorflow/tfjs-core'].flatMap(name => {
    try {
      const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')
      return `${name} ${(JSON.parse(text) as { version: string }).version}`
    } catch {
      return `${name} not installed`
    }
  })
  return [`node ${process.versions.node}`, `tesserae ${version}`, ...packages]
}

/** Returns the versions of Python and of the packages that are compared with ours, or `undefined` if one of them does not load. */
export function peerVersions(python: string): string[] | undefined {
  try {
    const output = execFileSync(python, ['-c', PEERS], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const versions = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Readonly<Record<string, string>>
    return Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  } catch {
    return undefined
  }
}
